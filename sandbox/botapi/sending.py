"""sendMessage, sendPhoto, sendDocument, sendMediaGroup, sendChatAction (rows 18 to 20, BOTAPI §2.4)."""

from typing import Any

from sandbox.botapi.input_media import read_media
from sandbox.botapi.method import Method, read_caption, read_draft, read_preview
from sandbox.botapi.partial import partial_cut, partial_failure
from sandbox.botapi.uploads import input_file
from sandbox.chats.access import require_write
from sandbox.chats.objects import message_json
from sandbox.chats.posting import announce, post, store
from sandbox.errors import bad_request
from sandbox.state.records import Content, Dialog, Message
from sandbox.text.dates import check_dates
from sandbox.text.formatting import MAX_TEXT, read_text
from sandbox.text.reply_markup import read_markup
from sandbox.wire import Call

Json = dict[str, Any]

ACTIONS = frozenset(
    [
        "cancel",
        "typing",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_photo",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)
ACTION_SHOWN_S = 5
MAX_ALBUM = 10
_RIGHTS = {"photo": "photos", "document": "documents", "video": "videos", "audio": "audios"}


def send_message(call: Call) -> Json:
    if not call.text("text"):
        raise bad_request("message text is empty")
    parse_mode, entities = call.text("parse_mode"), call.text("entities")
    text, found = read_text(call.text("text"), parse_mode, entities, MAX_TEXT, "message is too long")
    if not text:
        raise bad_request("text must be non-empty")
    return _send(call, Content("text", text, found, extra=read_preview(call)), "can_send_messages", "text messages")


def send_photo(call: Call) -> Json:
    return _send_file(call, "photo")


def send_document(call: Call) -> Json:
    return _send_file(call, "document")


def _send_file(call: Call, kind: str) -> Json:
    file = input_file(call, kind, call.text(kind), kind)
    if file is None:
        raise bad_request(f"there is no {kind} in the request")
    content = Content(kind, *read_caption(call.params), file)
    content.has_spoiler = call.flag("has_spoiler")
    content.is_caption_above = call.flag("show_caption_above_media")
    return _send(call, content, f"can_send_{_RIGHTS[kind]}", _RIGHTS[kind])


def _send(call: Call, content: Content, right: str, what: str) -> Json:
    markup = read_markup(call.text("reply_markup"))
    chat = call.chat()
    require_write(call.world, chat, call.bot, right, what)
    check_dates(content.entities, call.world.clock.now())
    message, _ = post(call.world, chat, content, call.bot, read_draft(call, chat, markup))
    call.made = [message.id_for(call.bot)]
    return message_json(message, call.bot)


def send_media_group(call: Call) -> list[Json]:
    """Send an album: one message per item with one media_group_id. The fault `partial` sends only some of them."""
    contents = _album(call)
    chat = call.chat()
    require_write(call.world, chat, call.bot, "can_send_photos", "photos")
    for content in contents:
        check_dates(content.entities, call.world.clock.now())
    draft = read_draft(call, chat, read_markup(""))
    draft.media_group_id = call.world.random_id() if len(contents) > 1 else None
    cut = partial_cut(call, len(contents))
    sent = [store(call.world, chat, content, call.bot, draft) for content in contents[:cut]]
    call.made = [message.id_for(call.bot) for message in sent]
    for message in sent:
        announce(call.world, message)
    if cut < len(contents):
        raise partial_failure(call, cut)
    return [message_json(message, call.bot) for message in sent]


def _album(call: Call) -> list[Content]:
    call.required("media")
    items = call.parsed("media")
    if not isinstance(items, list):
        raise bad_request("expected an Array of InputMedia")
    contents = [read_media(call, item, for_album=True) for item in items]
    if len(contents) > MAX_ALBUM:
        raise bad_request("too many messages to send as an album")
    kinds = {content.kind for content in contents}
    if not kinds:
        raise bad_request("there are no messages to send")
    for alone in ("document", "audio"):
        if alone in kinds and len(kinds) > 1:
            raise bad_request(f"{alone} can't be mixed with other media types")
    return contents


def send_chat_action(call: Call) -> bool:
    action = call.text("action")
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = call.chat()
    require_write(call.world, chat, call.bot)
    if isinstance(chat, Dialog):
        shown_s = 0 if action == "cancel" else ACTION_SHOWN_S
        chat.typing_until = call.world.clock.now() + shown_s
        call.world.touch(chat, "typing")
    return True


def shown_ids(call: Call, messages: list[Message]) -> list[Json]:
    """`MessageId` objects in the bot's numbering; the fault `zero_ids` makes them 0 (row 13)."""
    hidden = call.effect is not None and call.effect["kind"] == "zero_ids"
    return [{"message_id": 0 if hidden else message.id_for(call.bot)} for message in messages]


METHODS: dict[str, Method] = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendMediaGroup": send_media_group,
    "sendChatAction": send_chat_action,
}
