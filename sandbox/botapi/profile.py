"""What a bot shows of itself: name, descriptions, picture, menu button (Client.cpp, td BotMenuButton.cpp)."""

import json
from typing import Any

from sandbox.botapi.method import Method, read_language
from sandbox.botapi.uploads import check_upload
from sandbox.errors import bad_request
from sandbox.text.buttons import web_app_url
from sandbox.text.fields import FieldError, required_object, required_text
from sandbox.wire import Call

Json = dict[str, Any]

#: Longest texts (Bot API documentation). Telegram's errors above them are not known; these are guesses.
MAX_LENGTH = {"name": 64, "description": 512, "short_description": 120}
TOO_LONG = {
    "name": "FIRSTNAME_INVALID",
    "description": "bot description is too long",
    "short_description": "bot short description is too long",
}


def _set(name: str) -> Method:
    def set_text(call: Call) -> bool:
        """Set the text for a language, or without one for everybody else. An empty text removes it."""
        language, text = read_language(call), call.text(name).strip()
        if len(text) > MAX_LENGTH[name]:
            raise bad_request(TOO_LONG[name])
        call.bot.texts.pop((name, language), None)
        if text:
            call.bot.texts[(name, language)] = text
        call.world.bot_changed(call.bot)
        return True

    return set_text


def _get(name: str) -> Method:
    def get_text(call: Call) -> Json:
        """The text a person with this language reads."""
        return {name: call.bot.text(name, read_language(call))}

    return get_text


def set_my_profile_photo(call: Call) -> bool:
    """Set the picture. It has to be uploaded with the call; an animation is stored as it is."""
    raw = call.text("photo")
    if not raw:
        raise bad_request("photo isn't specified")
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise bad_request("can't parse photo JSON object") from error
    if not isinstance(found, dict):
        raise bad_request("object expected as profile photo")
    try:
        kind, field = _photo(found)
    except FieldError as error:
        raise bad_request(str(error)) from error
    part = call.files.get(field.removeprefix("attach://"))
    if part is None:
        raise bad_request("photo must be uploaded as a file")
    check_upload(kind, part.name, part.content)
    call.bot.photo = call.world.files.add(kind, part.name, part.content)
    call.world.bot_changed(call.bot)
    return True


def _photo(found: Json) -> tuple[str, str]:
    kind = required_text(found, "type")
    if kind == "static":
        return "photo", required_text(found, "photo")
    if kind == "animated":
        return "animation", required_text(found, "animation")
    raise FieldError("Invalid profile photo type specified")


def remove_my_profile_photo(call: Call) -> bool:
    call.bot.photo = None
    call.world.bot_changed(call.bot)
    return True


def set_chat_menu_button(call: Call) -> bool:
    """Set the menu button of one private chat, or without `chat_id` of all that have no own one."""
    button = _menu_button(call.text("menu_button"))
    user_id = _button_user(call)
    if button["type"] == "web_app":
        if not button["text"]:
            raise bad_request("menu button text must be non-empty")
        button["web_app"] = {"url": web_app_url(button["web_app"], "menu button")}
    call.bot.menu_buttons.pop(user_id, None)
    if button["type"] != "default":
        call.bot.menu_buttons[user_id] = button
    call.world.bot_changed(call.bot)
    return True


def get_chat_menu_button(call: Call) -> Json:
    return call.bot.menu_button(_button_user(call))


def _button_user(call: Call) -> int:
    """The person named by `chat_id`, 0 without. Raises 400 for an id that is no number above 0, and for strangers."""
    if "chat_id" not in call.params:
        return 0
    user_id = call.integer("chat_id")
    if user_id <= 0:
        raise bad_request("invalid chat_id specified")
    dialog = call.world.dialogs.get((call.bot.id, user_id))
    if dialog is None or not (dialog.is_seen or dialog.is_started):
        raise bad_request("user not found")
    return user_id


def _menu_button(raw: str) -> Json:
    if not raw:
        return {"type": "default"}
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise bad_request("can't parse menu button JSON object") from error
    prefix = "can't parse menu button: "
    if not isinstance(found, dict):
        raise bad_request(prefix + "MenuButton must be an Object")
    try:
        kind = required_text(found, "type")
        if kind in ("default", "commands"):
            return {"type": kind}
        if kind != "web_app":
            raise FieldError("MenuButton has unsupported type")
        web_app = required_object(found, "web_app")
        required_text(web_app, "url")
        return {"type": kind, "text": required_text(found, "text"), "web_app": web_app}
    except FieldError as error:
        raise bad_request(f"{prefix}{error}") from error


METHODS: dict[str, Method] = {
    "setMyName": _set("name"),
    "getMyName": _get("name"),
    "setMyDescription": _set("description"),
    "getMyDescription": _get("description"),
    "setMyShortDescription": _set("short_description"),
    "getMyShortDescription": _get("short_description"),
    "setMyProfilePhoto": set_my_profile_photo,
    "removeMyProfilePhoto": remove_my_profile_photo,
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
}
