"""Parses reply markup: what Telegram accepts, truncates and refuses (row 20, BOTAPI §2.4)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import bad_request
from sandbox.text.buttons import inline_button, reply_button
from sandbox.text.fields import FieldError, optional_flag, optional_list, optional_text

Json = dict[str, Any]

MAX_ROW = 12
MAX_BUTTONS = 300
MAX_CALLBACK_BYTES = 64
MAX_COPY_TEXT = 256
#: What a button of a reply keyboard asks for, by the field that says so (td ReplyMarkup.cpp).
_REQUESTS = {
    "request_contact": "phone number can be requested",
    "request_location": "location can be requested",
    "request_poll": "poll can be requested",
    "web_app": "web App buttons can be used",
    "request_users": "users can be requested",
    "request_chat": "chats can be requested",
}
_SWITCHES = {
    "switch_inline_query": "switch_inline_query",
    "switch_inline_query_chosen_chat": "switch_inline_query",
    "switch_inline_query_current_chat": "switch_inline_query_current_chat",
}


@dataclass(slots=True)
class Markup:
    """A parsed reply markup. `kind`: inline, keyboard, remove, force_reply, or "" for none."""

    kind: str = ""
    inline: Json | None = None
    keyboard: list[list[Json]] = field(default_factory=list)
    is_one_time: bool = False

    @property
    def other(self) -> str | None:
        """The kind, unless it is an inline keyboard: a message with another kind cannot be edited."""
        return self.kind if self.kind not in ("", "inline") else None


def read_markup(raw: str) -> Markup:
    """Parse a `reply_markup` parameter. Raises 400 with Telegram's texts."""
    if not raw:
        return Markup()
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise bad_request("can't parse reply keyboard markup JSON object") from error
    if not isinstance(found, dict):
        raise bad_request("object expected as reply markup")
    try:
        return _markup(found)
    except FieldError as error:
        raise bad_request(str(error)) from error


def _markup(found: Json) -> Markup:
    keyboard = _rows(found, "keyboard", 'Field "keyboard" must be an Array of Arrays', reply_button)
    of_arrays = 'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
    inline = _rows(found, "inline_keyboard", of_arrays, inline_button)
    flags = ("hide_keyboard", "remove_keyboard", "selective", "force_reply", "resize_keyboard", "is_persistent")
    is_on = {name: optional_flag(found, name) for name in (*flags, "one_time_keyboard")}
    optional_text(found, "input_field_placeholder")
    if keyboard:
        return Markup("keyboard", keyboard=keyboard, is_one_time=is_on["one_time_keyboard"])
    if inline:
        return Markup("inline", {"inline_keyboard": inline})
    if is_on["hide_keyboard"] or is_on["remove_keyboard"]:
        return Markup("remove")
    return Markup("force_reply") if is_on["force_reply"] else Markup()


def check_buttons(markup: Markup, chat_type: str) -> None:
    """Raise the 400 with which TDLib or Telegram, not the Bot API server, refuses a markup in a chat of this type."""
    if chat_type == "channel" and markup.other:
        raise bad_request("inline keyboard expected")
    rows = markup.inline["inline_keyboard"] if markup.inline else []
    for button in (button for row in rows for button in row):
        _check_inline(button, chat_type)
    for button in (button for row in markup.keyboard for button in row):
        asked = [words for name, words in _REQUESTS.items() if name in button]
        if asked and chat_type != "private":
            raise bad_request(f"{asked[0]} in private chats only")


def _check_inline(button: Json, chat_type: str) -> None:
    switches = [words for name, words in _SWITCHES.items() if name in button]
    if switches and chat_type == "channel":
        raise bad_request(
            f"can't use {switches[0]} button in a channel chat, because users will not be able to use the button "
            "without knowing bot's username"
        )
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if "web_app" in button and chat_type != "private":
        raise bad_request("BUTTON_TYPE_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= MAX_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def survives_copy(markup: Json | None) -> Json | None:
    """The keyboard a copy keeps: the whole one when every button is a URL, else None (BOTAPI §2.5)."""
    if markup is None:
        return None
    plain = all("url" in button or "login_url" in button for row in markup["inline_keyboard"] for button in row)
    return markup if plain else None


def _rows(found: Json, name: str, of_arrays: str, read_button: Callable[[Any], Json]) -> list[list[Json]]:
    """Rows of checked buttons. Those without a text or icon are left out; 12 are kept of a row and 300 in total."""
    rows: list[list[Json]] = []
    left = MAX_BUTTONS
    for row in optional_list(found, name):
        if not isinstance(row, list):
            raise FieldError(of_arrays)
        buttons = [button for button in map(read_button, row) if button["text"] or "icon_custom_emoji_id" in button]
        kept = buttons[: min(MAX_ROW, left)]
        left -= len(kept)
        if kept:
            rows.append(kept)
    return rows
