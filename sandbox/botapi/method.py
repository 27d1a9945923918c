"""The type of a Bot API method, and arguments that several methods share."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.chats.posting import Draft
from sandbox.errors import bad_request
from sandbox.state.records import Chat, Message
from sandbox.text.fields import FieldError, optional_flag, optional_text, required_int
from sandbox.text.formatting import MAX_CAPTION, read_text
from sandbox.text.reply_markup import Markup, check_buttons, read_markup
from sandbox.wire import Call

Json = dict[str, Any]

#: Takes a call and returns the result (getUpdates: a coroutine); raises ApiError.
Method = Callable[[Call], Any]

MAX_MESSAGES = 100
_PREVIEW_FLAGS = ("is_disabled", "prefer_small_media", "prefer_large_media", "show_above_text")


def read_message_ids(call: Call, name: str = "message_ids") -> list[int]:
    """Read 1 to 100 message ids in the given order. Raises 400 with the texts of BOTAPI §2.5."""
    if not call.text(name):
        raise bad_request("message identifiers are not specified")
    found = call.parsed(name)
    if not isinstance(found, list):
        raise bad_request("expected an Array of message identifiers")
    if not found:
        raise bad_request("message identifiers are not specified")
    if len(found) > MAX_MESSAGES:
        raise bad_request("too many message identifiers specified")
    return [_read_id(item) for item in found]


def _read_id(item: object) -> int:
    if isinstance(item, bool) or not isinstance(item, int | str):
        raise bad_request("message identifier must be a Number")
    try:
        found = int(item)
    except ValueError as error:
        raise bad_request("can't parse message identifier as a Number") from error
    if found <= 0:
        raise bad_request("invalid message identifier specified")
    return found


def read_language(call: Call) -> str:
    """Read `language_code`: two small letters, or "" for every language without an own text. Raises 400."""
    code = call.text("language_code")
    if code and not (len(code) == 2 and code.isascii() and code.isalpha() and code.islower()):
        raise bad_request("invalid language code specified")
    return code


def read_caption(params: dict[str, str]) -> tuple[str, list[Json]]:
    """Read the caption and its entities in `params`, those of a call or of an `InputMedia`. Raises 400."""
    raw, mode, entities = (params.get(name, "") for name in ("caption", "parse_mode", "caption_entities"))
    return read_text(raw, mode, entities, MAX_CAPTION, "message caption is too long") if raw else ("", [])


def find_message(call: Call, chat: Chat, message_id: int, what: str) -> Message:
    """Return the message. Raises 400 `<what> not found`."""
    message = call.world.find_message(call.bot, chat, message_id)
    if message is None:
        raise bad_request(f"{what} not found")
    return message


def read_draft(call: Call, chat: Chat, markup: Markup | None = None) -> Draft:
    """Read the arguments common to all sending methods. Raises 400 for refused buttons and an unknown reply target."""
    if markup is None:
        markup = read_markup(call.text("reply_markup"))
    check_buttons(markup, chat.type)
    return Draft(
        markup=markup,
        is_protected=call.flag("protect_content"),
        reply_to=_find_reply(call, chat),
        is_silent=call.flag("disable_notification"),
    )


def _find_reply(call: Call, chat: Chat) -> Message | None:
    message_id, is_optional = _read_reply(call)
    if message_id <= 0:
        return None
    found = call.world.find_message(call.bot, chat, message_id)
    if found is None and not is_optional:
        raise bad_request("message to be replied not found")
    return found


def _read_reply(call: Call) -> tuple[int, bool]:
    """The id of the message to reply to (0: none), and whether it may be missing. Raises ApiError 400."""
    found = read_object(call, "reply_parameters", "reply parameters")
    if not call.text("reply_parameters"):
        return call.integer("reply_to_message_id"), call.flag("allow_sending_without_reply")
    if not found:
        return 0, False
    try:
        return required_int(found, "message_id"), optional_flag(found, "allow_sending_without_reply")
    except FieldError as error:
        raise bad_request(str(error)) from error


def read_preview(call: Call) -> Json:
    """Read `link_preview_options` as a `Message` shows them: {} for none. Raises ApiError 400."""
    found = read_object(call, "link_preview_options", "link preview options")
    try:
        shown = {name: optional_flag(found, name) for name in _PREVIEW_FLAGS} | {"url": optional_text(found, "url")}
    except FieldError as error:
        raise bad_request(str(error)) from error
    kept = {name: value for name, value in shown.items() if value}
    if not call.text("link_preview_options") and call.flag("disable_web_page_preview"):
        kept = {"is_disabled": True}
    return {"link_preview_options": kept} if kept else {}


def read_object(call: Call, name: str, words: str) -> Json:
    """Read an object, {} when the parameter is missing. Raises 400, in which `words` name it."""
    raw = call.text(name)
    if not raw:
        return {}
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise bad_request(f"can't parse {words} JSON object") from error
    if not isinstance(found, dict):
        raise bad_request(f"object expected as {words}")
    return found
