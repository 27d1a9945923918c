"""Single buttons of keyboards: what the Bot API server reads of them and refuses (Client.cpp, BOTAPI §2.4)."""

from typing import Any

from sandbox.errors import bad_request
from sandbox.text.entities import normal_url
from sandbox.text.fields import (
    LONG_BITS,
    FieldError,
    optional_flag,
    optional_int,
    optional_text,
    required_int,
    required_object,
    required_text,
)

Json = dict[str, Any]

#: The rights an object ChatAdministratorRights can have.
RIGHTS = (
    "can_manage_chat",
    "can_change_info",
    "can_post_messages",
    "can_edit_messages",
    "can_delete_messages",
    "can_invite_users",
    "can_restrict_members",
    "can_pin_messages",
    "can_manage_topics",
    "can_promote_members",
    "can_manage_video_chats",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_manage_direct_messages",
    "can_manage_tags",
    "can_send_welcome_messages",
    "is_anonymous",
)
#: How errors name the button of an inline keyboard.
INLINE = "inline keyboard button"
STYLES = ("primary", "danger", "success")
_INLINE_ACTIONS = (
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
)
_REQUESTED_USERS = ("user_is_bot", "user_is_premium", "request_name", "request_username", "request_photo")
_REQUESTED_CHAT = (
    "chat_is_channel",
    "chat_is_forum",
    "chat_has_username",
    "chat_is_created",
    "bot_is_member",
    "request_title",
    "request_username",
    "request_photo",
)


def inline_button(raw: Any) -> Json:
    """The button of an inline keyboard as it is stored. Raises ApiError 400."""
    prefix = "can't parse inline keyboard button: "
    if not isinstance(raw, dict):
        raise bad_request(prefix + "InlineKeyboardButton must be an Object")
    try:
        button = _looks(raw)
        actions = [name for name in _INLINE_ACTIONS if name in raw]
        if not actions:
            raise FieldError("Text buttons are unallowed in the inline keyboard")
        if len(actions) > 1:
            raise bad_request("BUTTON_TYPE_INVALID")
        button[actions[0]] = _action(actions[0], raw)
    except FieldError as error:
        raise bad_request(f"{prefix}{error}") from error
    return button


def reply_button(raw: Any) -> Json:
    """The button of a reply keyboard as it is stored: text, look and at most one request. Raises ApiError 400."""
    prefix = "can't parse keyboard button: "
    if isinstance(raw, str):
        return {"text": raw}
    if not isinstance(raw, dict):
        raise bad_request(prefix + "KeyboardButton must be a String or an Object")
    try:
        return _looks(raw) | _request(raw)
    except FieldError as error:
        raise bad_request(f"{prefix}{error}") from error


def _looks(raw: Json) -> Json:
    """Text, icon and style. A style is read in any case; the default one is not stored."""
    button: Json = {"text": required_text(raw, "text")}
    icon = optional_int(raw, "icon_custom_emoji_id", bits=LONG_BITS)
    if icon:
        button["icon_custom_emoji_id"] = str(icon)
    style = optional_text(raw, "style").lower()
    if style in ("", "default"):
        return button
    if style not in STYLES:
        raise FieldError("invalid button style specified")
    return button | {"style": style}


def _action(name: str, raw: Json) -> Any:
    if name == "url":
        return _url(required_text(raw, name), "URL", INLINE)
    if name == "web_app":
        return {"url": web_app_url(required_object(raw, name), INLINE)}
    if name in ("callback_data", "switch_inline_query", "switch_inline_query_current_chat"):
        return required_text(raw, name)
    if name == "copy_text":
        return {"text": required_text(required_object(raw, name), "text")}
    if name == "switch_inline_query_chosen_chat":
        return required_object(raw, name)
    return raw[name]


def _url(value: str, what: str, where: str) -> str:
    address = normal_url(value.strip())
    if address is None:
        raise bad_request(f"{where} {what} '{value}' is invalid: Wrong HTTP URL")
    return address


def web_app_url(web_app: Json, where: str) -> str:
    """The https address of a web app. Raises ApiError 400, FieldError without an address."""
    url = required_text(web_app, "url")
    address = _url(url, "Web App URL", where)
    if not address.startswith("https://"):
        raise bad_request(f"{where} Web App URL '{url}' is invalid: Only HTTPS links are allowed")
    return address


def _request(raw: Json) -> Json:
    """What pressing the button asks for, the first of these; {} for a button that sends its text."""
    for name in ("request_contact", "request_location"):
        if optional_flag(raw, name):
            return {name: True}
    if "request_poll" in raw:
        return {"request_poll": required_object(raw, "request_poll")}
    if "web_app" in raw:
        return {"web_app": {"url": web_app_url(required_object(raw, "web_app"), "keyboard button")}}
    if "request_users" in raw or "request_user" in raw:
        name = "request_users" if "request_users" in raw else "request_user"
        return {"request_users": _requested_users(required_object(raw, name))}
    if "request_chat" in raw:
        return {"request_chat": _requested_chat(required_object(raw, "request_chat"))}
    return {}


def _requested_users(raw: Json) -> Json:
    kept: Json = {"request_id": required_int(raw, "request_id")}
    kept["max_quantity"] = max(optional_int(raw, "max_quantity", 1), 1)
    return kept | {name: optional_flag(raw, name) for name in _REQUESTED_USERS if name in raw}


def _requested_chat(raw: Json) -> Json:
    kept: Json = {"request_id": required_int(raw, "request_id")}
    kept |= {name: optional_flag(raw, name) for name in _REQUESTED_CHAT if name in raw}
    for name in ("user_administrator_rights", "bot_administrator_rights"):
        if name in raw:
            kept[name] = _rights(raw[name])
    return kept


def _rights(raw: Any) -> Json:
    if not isinstance(raw, dict):
        raise FieldError("ChatAdministratorRights must be an Object")
    return {name: optional_flag(raw, name) for name in RIGHTS if name in raw}
