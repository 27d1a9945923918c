"""What a bot sets about itself: commands, descriptions, menu button (BOTAPI §2.7)."""

from typing import Any

from sandbox.botapi.method import Method
from sandbox.errors import bad_request
from sandbox.text.entities import normal_url
from sandbox.wire import Call

Json = dict[str, Any]
Scope = tuple[str, int, int, str]

MAX_COMMANDS = 100
MAX_COMMAND = 32
MAX_COMMAND_DESCRIPTION = 256
MAX_DESCRIPTION = 512
MAX_SHORT_DESCRIPTION = 120
_SCOPES = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}


def set_my_commands(call: Call) -> bool:
    commands = call.parsed("commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands[_scope(call)] = [_command(item) for item in commands]
    return True


def _command(item: Any) -> Json:
    if not isinstance(item, dict) or not isinstance(item.get("command"), str):
        raise bad_request("can't parse BotCommand: Can't find field \"command\"")
    command = item["command"].strip().removeprefix("/")
    description = str(item.get("description", "")).strip()
    if not command:
        raise bad_request("command must be non-empty")
    if len(command) > MAX_COMMAND:
        raise bad_request("command length must not exceed 32")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > MAX_COMMAND_DESCRIPTION:
        raise bad_request("command description length must not exceed 256")
    plain = command.replace("_", "")
    if not (plain.isascii() and plain.isalnum() and command == command.lower()):
        raise bad_request("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}


def _scope(call: Call) -> Scope:
    raw = call.parsed("scope") or {"type": "default"}
    kind = raw.get("type") if isinstance(raw, dict) else None
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    ids = [raw.get(name, 0) for name in _SCOPES[kind]]
    chat_id = _scope_chat(call, ids[0]) if ids else 0
    user_id = int(ids[1]) if len(ids) > 1 else 0
    return kind, chat_id, user_id, call.text("language_code")


def _scope_chat(call: Call, chat_id: Any) -> int:
    """The id of the scope's chat. Raises as `access.find_chat` for a chat the bot cannot reach."""
    return Call(call.world, call.bot, call.method, {"chat_id": str(chat_id)}).chat().id


def get_my_commands(call: Call) -> list[Json]:
    return call.bot.commands.get(_scope(call), [])


def delete_my_commands(call: Call) -> bool:
    call.bot.commands.pop(_scope(call), None)
    return True


def set_my_description(call: Call) -> bool:
    return _describe(call, "description", MAX_DESCRIPTION)


def set_my_short_description(call: Call) -> bool:
    return _describe(call, "short_description", MAX_SHORT_DESCRIPTION)


def _describe(call: Call, name: str, limit: int) -> bool:
    text = call.text(name)
    if len(text) > limit:
        raise bad_request(f"bot {name.replace('_', ' ')} is too long")
    call.bot.descriptions[(name, call.text("language_code"))] = text
    return True


def set_chat_menu_button(call: Call) -> bool:
    """Check the button. It is not stored: the page shows none."""
    button = call.parsed("menu_button") or {"type": "default"}
    kind = button.get("type") if isinstance(button, dict) else None
    if kind not in ("default", "commands", "web_app"):
        raise bad_request("can't parse menu button: unsupported type specified")
    if kind == "web_app":
        _check_web_app(button)
    if call.text("chat_id") and (call.bot.id, call.integer("chat_id")) not in call.world.dialogs:
        raise bad_request("user not found")
    return True


def _check_web_app(button: Json) -> None:
    url = (button.get("web_app") or {}).get("url", "")
    address = normal_url(url)
    if address is None:
        raise bad_request(f"menu button Web App URL '{url}' is invalid: Wrong HTTP URL")
    if not address.startswith("https://"):
        raise bad_request(f"menu button Web App URL '{url}' is invalid: Only HTTPS links are allowed")


METHODS: dict[str, Method] = {
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyDescription": set_my_description,
    "setMyShortDescription": set_my_short_description,
    "setChatMenuButton": set_chat_menu_button,
}
