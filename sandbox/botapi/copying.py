"""copyMessage(s) and forwardMessage(s) (rows 13 to 15, BOTAPI §2.5)."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from sandbox.botapi.method import Method, find_message, read_draft, read_message_ids
from sandbox.botapi.partial import failed_message, partial_cut, partial_failure
from sandbox.botapi.sending import shown_ids
from sandbox.chats.access import VOICE_FORBIDDEN, may_read_history, refuses_voice, require_read, require_write
from sandbox.chats.copies import album_ids, is_copyable, is_protected, origin_of
from sandbox.chats.objects import message_json
from sandbox.chats.posting import Draft, announce, post, store
from sandbox.errors import bad_request
from sandbox.state.records import Chat, Content, Message
from sandbox.text.dates import check_dates
from sandbox.text.formatting import MAX_CAPTION, Formatted, finish_text, parse_text
from sandbox.text.reply_markup import Markup, read_markup, survives_copy
from sandbox.wire import Call

Json = dict[str, Any]

_CAPTION = ("caption", "parse_mode", "caption_entities")
_WITH_CAPTION = frozenset({"photo", "video", "animation", "audio", "document", "voice"})
#: Kinds whose caption can stand above.
_ABOVE = frozenset({"photo", "video", "animation"})
PROTECTED = "message has protected content and can't be forwarded"
RESTRICTED = "CHAT_FORWARDS_RESTRICTED"


def copy_message(call: Call) -> Json:
    """The source message is checked before the target chat, the new caption before both, its length after them."""
    caption = parse_text(*(call.text(name) for name in _CAPTION)) if "caption" in call.params else None
    source = _single_source(call, "copy")
    markup = read_markup(call.text("reply_markup"))
    chat = call.chat()
    require_write(call.world, chat, call.bot)
    if not is_copyable(source):
        raise bad_request("the message can't be copied")
    content = _copied_content(source.content, caption, call)
    check_dates(content.entities, call.world.clock.now())
    refusal = _refusal(call, chat, [source])
    if refusal is not None:
        raise bad_request(refusal)
    if not markup.kind:
        markup = Markup("inline", survives_copy(source.markup))
    message, _ = post(call.world, chat, content, call.bot, read_draft(call, chat, markup))
    call.made = [message.id_for(call.bot)]
    return shown_ids(call, [message])[0]


def forward_message(call: Call) -> Json:
    """The source message is checked before the target chat."""
    source = _single_source(call, "forward")
    if is_protected(source):
        raise bad_request(PROTECTED)
    if not is_copyable(source):
        raise bad_request("the message can't be forwarded")
    chat = call.chat()
    require_write(call.world, chat, call.bot)
    if refuses_voice(chat, source.content):
        raise bad_request(VOICE_FORBIDDEN)
    draft = read_draft(call, chat, Markup("inline", survives_copy(source.markup)))
    draft.forward_origin = origin_of(source)
    message, _ = post(call.world, chat, source.content, call.bot, draft)
    call.made = [message.id_for(call.bot)]
    return message_json(message, call.bot)


def _refusal(call: Call, chat: Chat, messages: list[Message]) -> str | None:
    """Why Telegram refuses these copies after the Bot API server let them through; None when it does not.

    Restricted saving is 406 today, which the server passes on as a 400 with the bare code; it was a 400, which TDLib
    puts into words (td MessagesManager.cpp, process_send_message_fail_error).
    """
    if any(refuses_voice(chat, message.content) for message in messages):
        return VOICE_FORBIDDEN
    config = call.world.config
    if config.copy_protected or not any(is_protected(message) for message in messages):
        return None
    return RESTRICTED if config.copy_protected_code == 406 else PROTECTED


def _refuse_all(call: Call, chat: Chat, messages: list[Message]) -> None:
    """Raise 400 when Telegram refuses one of the messages: they are one request to it, so none is sent."""
    refusal = _refusal(call, chat, messages)
    if refusal is None:
        return
    if refusal == RESTRICTED:
        raise bad_request(refusal)
    raise failed_message(1, refusal[0].upper() + refusal[1:])


def _single_source(call: Call, verb: str) -> Message:
    call.required("from_chat_id")
    chat = call.chat("from_chat_id")
    require_read(chat, call.bot)
    message = find_message(call, chat, call.integer("message_id"), f"message to {verb}")
    if not may_read_history(chat, call.bot):
        raise bad_request(f"message to {verb} not found")
    return message


def _copied_content(content: Content, caption: Formatted | None, call: Call) -> Content:
    """`content` with the caption given in the call; an empty one removes it. Other kinds of content stay as they are.

    `show_caption_above_media` counts only with a new caption (td MessagesManager.cpp, get_forwarded_messages).
    """
    if caption is None or content.kind not in _WITH_CAPTION:
        return content
    text, entities = finish_text(*caption, MAX_CAPTION, "message caption is too long")
    is_above = call.flag("show_caption_above_media") and content.kind in _ABOVE
    return replace(content, text=text, entities=entities, is_caption_above=is_above)


def copy_messages(call: Call) -> list[Json]:
    """The target chat is checked first. Missing and uncopyable messages are skipped, so the answer may be shorter."""
    return _send_many(call, is_forward=False)


def forward_messages(call: Call) -> list[Json]:
    """The target chat is checked first. Missing and protected messages are skipped, so the answer may be shorter."""
    return _send_many(call, is_forward=True)


def _send_many(call: Call, is_forward: bool) -> list[Json]:
    call.required("from_chat_id")
    message_ids = read_message_ids(call)
    chat = call.chat()
    require_write(call.world, chat, call.bot)
    source = call.chat("from_chat_id")
    require_read(source, call.bot)
    if any(later <= earlier for earlier, later in pairwise(message_ids)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    messages = _pick(call, source, message_ids, is_forward)
    _refuse_all(call, chat, messages)
    cut = partial_cut(call, len(messages))
    drafts = _drafts(call, chat, messages, is_forward)
    plain = call.flag("remove_caption")
    sent = [
        store(call.world, chat, _without_caption(message.content) if plain else message.content, call.bot, draft)
        for message, draft in list(zip(messages, drafts, strict=True))[:cut]
    ]
    call.made = [message.id_for(call.bot) for message in sent]
    for message in sent:
        announce(call.world, message)
    if cut < len(messages):
        raise partial_failure(call, cut)
    return shown_ids(call, sent)


def _pick(call: Call, source: Chat, message_ids: list[int], is_forward: bool) -> list[Message]:
    """The messages that can be sent on. Raises 400 when none exists, or none of those that exist can be."""
    readable = may_read_history(source, call.bot)
    found = [call.world.find_message(call.bot, source, message_id) for message_id in message_ids] if readable else []
    existing = [message for message in found if message is not None]
    if not existing:
        raise bad_request("there are no messages to forward")
    sendable = [m for m in existing if is_copyable(m) and not (is_forward and is_protected(m))]
    if not sendable:
        raise bad_request("messages can't be forwarded")
    return sendable


def _drafts(call: Call, chat: Chat, messages: list[Message], is_forward: bool) -> list[Draft]:
    protect = call.flag("protect_content")
    return [
        Draft(
            markup=Markup("inline", survives_copy(message.markup)),
            is_protected=protect,
            is_silent=call.flag("disable_notification"),
            media_group_id=group_id,
            forward_origin=origin_of(message) if is_forward else None,
        )
        for message, group_id in zip(messages, album_ids(call.world, messages), strict=True)
    ]


def _without_caption(content: Content) -> Content:
    return content if content.is_text else replace(content, text="", entities=[])


METHODS: dict[str, Method] = {
    "copyMessage": copy_message,
    "copyMessages": copy_messages,
    "forwardMessage": forward_message,
    "forwardMessages": forward_messages,
}
