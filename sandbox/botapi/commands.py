"""The command lists of a bot, by scope and language (BOTAPI §2.7; Client.cpp, td BotCommand.cpp)."""

import json
from typing import Any

from sandbox.botapi.method import Method, read_language
from sandbox.errors import bad_request
from sandbox.state.records import CommandScope, Dialog
from sandbox.text.fields import LONG_BITS, FieldError, required_int, required_text
from sandbox.wire import Call

Json = dict[str, Any]

MAX_COMMANDS = 100
MAX_COMMAND = 32
MAX_COMMAND_DESCRIPTION = 256
_GENERAL = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_OF_ONE_CHAT = ("chat", "chat_administrators", "chat_member")


def set_my_commands(call: Call) -> bool:
    """Replace the list of a scope and language. An empty list deletes it."""
    commands = _commands(call)
    scope = _scope(call)
    commands = [_checked(command) for command in commands]
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands.pop(scope, None)
    if commands:
        call.bot.commands[scope] = commands
    call.world.bot_changed(call.bot)
    return True


def get_my_commands(call: Call) -> list[Json]:
    """The list of exactly this scope and language; no wider one replaces a missing one."""
    return call.bot.commands.get(_scope(call), [])


def delete_my_commands(call: Call) -> bool:
    call.bot.commands.pop(_scope(call), None)
    call.world.bot_changed(call.bot)
    return True


def _commands(call: Call) -> list[Json]:
    raw = call.text("commands")
    if not raw:
        return []
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise bad_request("can't parse commands JSON object") from error
    if not isinstance(found, list):
        raise bad_request("expected an Array of BotCommand")
    return [_command(item) for item in found]


def _command(item: Any) -> Json:
    prefix = "can't parse BotCommand: "
    if not isinstance(item, dict):
        raise bad_request(prefix + "expected an Object")
    try:
        return {name: required_text(item, name) for name in ("command", "description")}
    except FieldError as error:
        raise bad_request(f"{prefix}{error}") from error


def _checked(item: Json) -> Json:
    command = item["command"].strip().removeprefix("/")
    description = item["description"].strip()
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


def _scope(call: Call) -> CommandScope:
    """The scope and language of the call. Raises 400 or 403 as for any chat the bot cannot reach."""
    kind, chat_id, user_id = _read_scope(call.text("scope"))
    if not chat_id:
        return kind, 0, 0, read_language(call)
    chat = Call(call.world, call.bot, call.method, {"chat_id": chat_id}).chat()
    if user_id and user_id not in call.world.users and user_id not in call.world.bots:
        raise bad_request("user not found")
    if isinstance(chat, Dialog) and kind != "chat":
        raise bad_request("can't use specified scope in private chats")
    if chat.type == "channel":
        raise bad_request("can't change commands in channel chats")
    return kind, chat.id, user_id, read_language(call)


def _read_scope(raw: str) -> tuple[str, str, int]:
    """Kind, chat ("" without) and person (0 without) of a scope."""
    if not raw:
        return "default", "", 0
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise bad_request("can't parse BotCommandScope JSON object") from error
    prefix = "can't parse BotCommandScope: "
    if not isinstance(found, dict):
        raise bad_request(prefix + "BotCommandScope must be an Object")
    try:
        return _scope_parts(found)
    except FieldError as error:
        raise bad_request(f"{prefix}{error}") from error


def _scope_parts(found: Json) -> tuple[str, str, int]:
    kind = required_text(found, "type")
    if kind in _GENERAL:
        return kind, "", 0
    if kind not in _OF_ONE_CHAT:
        raise FieldError("Unsupported type specified")
    chat_id = required_text(found, "chat_id")
    if not chat_id:
        raise FieldError("Empty chat_id specified")
    if kind != "chat_member":
        return kind, chat_id, 0
    user_id = required_int(found, "user_id", bits=LONG_BITS)
    if user_id <= 0:
        raise FieldError("Invalid user_id specified")
    return kind, chat_id, user_id


METHODS: dict[str, Method] = {
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
}
