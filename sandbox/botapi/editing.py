"""editMessageText, editMessageCaption, editMessageReplyMarkup (row 16, BOTAPI §2.6 and §3.2)."""

from dataclasses import replace
from typing import Any

from sandbox.botapi.method import Method, find_message
from sandbox.botapi.sending import caption
from sandbox.chats.access import require_inside
from sandbox.chats.objects import message_json
from sandbox.chats.posting import edit
from sandbox.errors import NOT_MODIFIED, bad_request
from sandbox.state.world import Content, Dialog, Message
from sandbox.text.dates import check_dates
from sandbox.text.formatting import MAX_TEXT, read_text
from sandbox.text.reply_markup import Markup, check_buttons, read_inline
from sandbox.wire import Call

Json = dict[str, Any]

_WITH_CAPTION = frozenset({"photo", "video", "audio", "document", "voice", "animation", "paid_media"})


def edit_message_text(call: Call) -> Json:
    if not call.text("text"):
        raise bad_request("message text is empty")
    parse_mode, entities = call.text("parse_mode"), call.text("entities")
    text, found = read_text(call.text("text"), parse_mode, entities, MAX_TEXT, "message is too long")
    if not text:
        raise bad_request("text must be non-empty")
    message, markup = _target(call)
    if not message.content.is_text:
        raise bad_request("there is no text in the message to edit")
    return _edit(call, message, replace(message.content, text=text, entities=found), markup)


def edit_message_caption(call: Call) -> Json:
    text, found = caption(call.params)
    message, markup = _target(call)
    if message.content.kind not in _WITH_CAPTION:
        raise bad_request("there is no caption in the message to edit")
    content = replace(message.content, text=text, entities=found)
    if "show_caption_above_media" in call.params:
        content.is_caption_above = call.flag("show_caption_above_media")
    return _edit(call, message, content, markup)


def edit_message_reply_markup(call: Call) -> Json:
    message, markup = _target(call)
    return _edit(call, message, message.content, markup)


def _target(call: Call) -> tuple[Message, Json | None]:
    """The message to edit and its new keyboard (None removes it). Raises 400 when the bot may not edit the message."""
    markup = read_inline(call.text("reply_markup"))
    if call.text("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    if not call.text("chat_id") and not call.text("message_id"):
        raise bad_request("message identifier is not specified")
    chat = call.chat()
    member = None if isinstance(chat, Dialog) else require_inside(chat, call.bot)
    message = find_message(call, chat, call.integer("message_id"), "message to edit")
    is_own = message.bot_id == call.bot.id
    if chat.type == "channel" and member is not None:
        is_own = member.may("can_post_messages") if is_own else member.may("can_edit_messages")
    stuck = message.forward_origin is not None or message.other_markup is not None or message.content.is_service
    if not is_own or stuck:
        raise bad_request("message can't be edited")
    if markup is not None:
        check_buttons(Markup("inline", markup), chat.type)
    return message, markup


def _edit(call: Call, message: Message, content: Content, markup: Json | None) -> Json:
    if content == message.content and markup == message.markup:
        raise bad_request(NOT_MODIFIED)
    check_dates(content.entities, call.world.clock.now())
    edit(call.world, message, content, markup)
    return message_json(message, call.bot)


METHODS: dict[str, Method] = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
}
