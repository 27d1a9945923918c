"""editMessageText, editMessageCaption, editMessageMedia, editMessageReplyMarkup (row 16, BOTAPI §2.6 and §3.2).

The order of the checks is TDLib's (MessagesManager.cpp, edit_message_…): arguments, chat, message, right to edit it,
kind of its content, lengths, keyboard.
"""

import json
from dataclasses import replace
from typing import Any

from sandbox.botapi.input_media import read_media
from sandbox.botapi.method import Method, find_message, read_caption, read_preview
from sandbox.chats.access import require_inside, require_reach
from sandbox.chats.objects import message_json
from sandbox.chats.posting import edit
from sandbox.errors import NOT_MODIFIED, bad_request
from sandbox.state.records import Content, Dialog, Message
from sandbox.text.dates import check_dates
from sandbox.text.formatting import MAX_TEXT, read_text
from sandbox.text.reply_markup import Markup, check_buttons, read_markup
from sandbox.wire import Call

Json = dict[str, Any]

_WITH_CAPTION = frozenset({"photo", "video", "audio", "document", "voice", "animation", "paid_media"})
_WITH_MEDIA = frozenset({"text", "photo", "video", "audio", "document", "animation"})
_UNMIXED = frozenset({"audio", "document"})


def edit_message_text(call: Call) -> Json:
    if not call.text("text"):
        raise bad_request("message text is empty")
    parse_mode, entities = call.text("parse_mode"), call.text("entities")
    text, found = read_text(call.text("text"), parse_mode, entities, MAX_TEXT, "message is too long")
    if not text:
        raise bad_request("text must be non-empty")
    preview = read_preview(call)
    markup = read_markup(call.text("reply_markup"))
    message = _target(call)
    if not message.content.is_text:
        raise bad_request("there is no text in the message to edit")
    return _edit(call, message, replace(message.content, text=text, entities=found, extra=preview), markup)


def edit_message_caption(call: Call) -> Json:
    markup = read_markup(call.text("reply_markup"))
    text, found = read_caption(call.params)
    message = _target(call)
    if message.content.kind not in _WITH_CAPTION:
        raise bad_request("there is no caption in the message to edit")
    content = replace(message.content, text=text, entities=found)
    content.is_caption_above = call.flag("show_caption_above_media")
    return _edit(call, message, content, markup)


def edit_message_media(call: Call) -> Json:
    """Replace picture, video, file or text of a message, and its caption. An album keeps its kind of content."""
    markup = read_markup(call.text("reply_markup"))
    content = _media(call)
    message = _target(call)
    old = message.content
    if old.kind not in _WITH_MEDIA:
        raise bad_request("message media can't be edited")
    if message.media_group_id and old.kind != content.kind:
        if content.kind == "animation":
            raise bad_request("message content type can't be used in an album")
        if {old.kind, content.kind} & _UNMIXED:
            raise bad_request("can't change media type in the album")
    return _edit(call, message, content, markup)


def _media(call: Call) -> Content:
    call.required("media")
    try:
        found = json.loads(call.text("media"))
    except ValueError as error:
        raise bad_request("can't parse input media JSON object") from error
    return read_media(call, found, for_album=False)


def edit_message_reply_markup(call: Call) -> Json:
    markup = read_markup(call.text("reply_markup"))
    message = _target(call)
    return _edit(call, message, message.content, markup)


def _target(call: Call) -> Message:
    """The message to edit. Raises 400 or 403 when the bot may not edit it."""
    if not call.text("chat_id") and not call.integer("message_id"):
        if call.text("inline_message_id"):
            raise bad_request("MESSAGE_ID_INVALID")
        raise bad_request("message identifier is not specified")
    chat = call.chat()
    require_reach(chat, call.bot)
    message = find_message(call, chat, call.integer("message_id"), "message to edit")
    stuck = message.forward_origin is not None or message.other_markup is not None or message.content.is_service
    if stuck or not _may_edit(call, message):
        raise bad_request("message can't be edited")
    return message


def _may_edit(call: Call, message: Message) -> bool:
    """Its own messages at any age; posts of a channel with the right, those of others too (BOTAPI §3.2)."""
    chat = message.chat
    is_own = message.bot_id == call.bot.id
    if isinstance(chat, Dialog) or chat.type != "channel":
        return is_own
    member = require_inside(chat, call.bot)
    return member.may("can_edit_messages") or (is_own and member.may("can_post_messages"))


def _edit(call: Call, message: Message, content: Content, markup: Markup) -> Json:
    """Edit, with the new keyboard; none removes it."""
    check_dates(content.entities, call.world.clock.now())
    if markup.other:
        raise bad_request("inline keyboard expected")
    check_buttons(Markup("inline", markup.inline), message.chat.type)
    if content == message.content and markup.inline == message.markup:
        raise bad_request(NOT_MODIFIED)
    edit(call.world, message, content, markup.inline)
    return message_json(message, call.bot)


METHODS: dict[str, Method] = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageMedia": edit_message_media,
    "editMessageReplyMarkup": edit_message_reply_markup,
}
