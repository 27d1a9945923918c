"""Parses reply markup: what Telegram accepts, truncates and refuses (row 20, BOTAPI §2.4)."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import bad_request
from sandbox.text.entities import normal_url

Json = dict[str, Any]

MAX_ROW = 12
MAX_BUTTONS = 300
MAX_CALLBACK_BYTES = 64
MAX_COPY_TEXT = 256
_INLINE_ACTIONS = [
    "url",
    "login_url",
    "callback_data",
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
]
_PRIVATE_REPLY_BUTTONS = [
    "web_app",
    "request_chat",
    "request_users",
    "request_contact",
    "request_location",
    "request_poll",
]


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
    if "inline_keyboard" in found:
        rows = _rows(found["inline_keyboard"], "inline keyboard", _inline_button)
        return Markup("inline", {"inline_keyboard": rows}) if rows else Markup()
    if "keyboard" in found:
        rows = _rows(found["keyboard"], "reply keyboard", _reply_button)
        return Markup("keyboard", keyboard=rows, is_one_time=bool(found.get("one_time_keyboard"))) if rows else Markup()
    if found.get("remove_keyboard"):
        return Markup("remove")
    return Markup("force_reply") if found.get("force_reply") else Markup()


def read_inline(raw: str) -> Json | None:
    """Parse an inline keyboard, None without one. Raises 400 for any other markup: edits accept no other."""
    markup = read_markup(raw)
    if markup.other:
        raise bad_request("inline keyboard expected")
    return markup.inline


def check_buttons(markup: Markup, chat_type: str) -> None:
    """Raise the 400 with which Telegram itself, not the Bot API server, refuses buttons in a chat of this type."""
    rows = markup.inline["inline_keyboard"] if markup.inline else []
    for button in (button for row in rows for button in row):
        data = button.get("callback_data")
        if data is not None and not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
        if "web_app" in button and chat_type != "private":
            raise bad_request("BUTTON_TYPE_INVALID")
        if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= MAX_COPY_TEXT:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
    for button in (button for row in markup.keyboard for button in row):
        if chat_type != "private" and any(name in button for name in _PRIVATE_REPLY_BUTTONS):
            raise bad_request("web App buttons can be used in private chats only")


def survives_copy(markup: Json | None) -> Json | None:
    """The keyboard a copy keeps: the whole one when every button is a URL, else None (BOTAPI §2.5)."""
    if markup is None:
        return None
    plain = all("url" in button or "login_url" in button for row in markup["inline_keyboard"] for button in row)
    return markup if plain else None


def _rows(raw: Any, where: str, read_button: Any) -> list[list[Json]]:
    """Rows of checked buttons, silently truncated to 12 per row and 300 in total."""
    if not isinstance(raw, list):
        raise bad_request(f'field "{where.replace("reply ", "").replace(" ", "_")}" must be of type Array')
    rows: list[list[Json]] = []
    left = MAX_BUTTONS
    for row in raw:
        if not isinstance(row, list):
            raise bad_request(f"can't parse {where} button: expected an Array of button rows")
        kept = [read_button(button) for button in row][: min(MAX_ROW, left)]
        left -= len(kept)
        if kept:
            rows.append(kept)
    return rows


def _inline_button(raw: Any) -> Json:
    prefix = "can't parse inline keyboard button: "
    if not isinstance(raw, dict):
        raise bad_request(prefix + "InlineKeyboardButton must be an Object")
    text = raw.get("text")
    if not isinstance(text, str):
        raise bad_request(prefix + 'Can\'t find field "text"')
    actions = [name for name in _INLINE_ACTIONS if raw.get(name) is not None]
    if not actions:
        raise bad_request(prefix + "Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request("BUTTON_TYPE_INVALID")
    button: Json = {"text": text, actions[0]: _action(actions[0], raw[actions[0]], prefix)}
    for extra in ("style", "icon_custom_emoji_id"):
        if raw.get(extra):
            button[extra] = raw[extra]
    return button


def _action(name: str, value: Any, prefix: str) -> Any:
    if name == "url":
        return _url(value, "URL", prefix)
    if name == "web_app":
        return {"url": _web_app_url(value, prefix)}
    if name == "callback_data" and not isinstance(value, str):
        raise bad_request(prefix + 'Field "callback_data" must be of type String')
    if name == "copy_text" and not (isinstance(value, dict) and isinstance(value.get("text"), str)):
        raise bad_request(prefix + 'Can\'t find field "text"')
    return value


def _url(value: Any, what: str, prefix: str) -> str:
    if not isinstance(value, str):
        raise bad_request(prefix + 'Field "url" must be of type String')
    address = normal_url(value.strip())
    if address is None:
        raise bad_request(f"inline keyboard button {what} '{value}' is invalid: Wrong HTTP URL")
    return address


def _web_app_url(value: Any, prefix: str) -> str:
    url = value.get("url") if isinstance(value, dict) else None
    address = _url(url, "Web App URL", prefix)
    if not address.startswith("https://"):
        raise bad_request(f"inline keyboard button Web App URL '{url}' is invalid: Only HTTPS links are allowed")
    return address


def _reply_button(raw: Any) -> Json:
    if isinstance(raw, str):
        return {"text": raw}
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str):
        raise bad_request("can't parse keyboard button: KeyboardButton must be a String or an Object")
    request = raw.get("request_chat")
    if request is not None and not (isinstance(request, dict) and isinstance(request.get("request_id"), int)):
        raise bad_request("can't parse keyboard button: Can't find field \"request_id\"")
    return dict(raw)
