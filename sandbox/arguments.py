"""Reads the arguments of control calls."""

import json
from typing import Any

from aiohttp import web

from sandbox.errors import ControlError
from sandbox.state.records import Bot, Chat, Dialog, User
from sandbox.state.world import World

Json = dict[str, Any]


async def read_body(request: web.Request) -> Json:
    """Read the JSON object in the body; {} for an empty body. Raises ControlError."""
    raw = await request.read()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise ControlError("the body is not JSON") from error
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


def need_text(body: Json, name: str) -> str:
    """Return a non-empty text. Raises ControlError."""
    found = body.get(name)
    if not isinstance(found, str) or not found:
        raise ControlError(f'"{name}" must be a text')
    if not found.isascii() and any("\ud800" <= letter <= "\udfff" for letter in found):
        raise ControlError(f'"{name}" is not valid Unicode')
    return found


def need_int(body: Json, name: str) -> int:
    """Return a whole number, also when it is sent as a text. Raises ControlError."""
    return as_int(body.get(name), name)


def find_text(body: Json, name: str) -> str | None:
    """Return a text, None when it is missing or empty. Raises ControlError for anything else."""
    return need_text(body, name) if body.get(name) not in (None, "") else None


def find_int(body: Json, name: str) -> int | None:
    """Return a whole number, None when it is missing. Raises ControlError for anything else."""
    return as_int(body[name], name) if body.get(name) not in (None, "") else None


def find_list(body: Json, name: str) -> list[Any]:
    """Return a list, [] when it is missing. Raises ControlError for anything else."""
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ControlError(f'"{name}" must be a list')
    return found


def find_objects(body: Json, name: str) -> list[Json]:
    """Return a list of objects, [] when it is missing. Raises ControlError for anything else."""
    found = find_list(body, name)
    if not all(isinstance(item, dict) for item in found):
        raise ControlError(f'"{name}" must be a list of objects')
    return found


def as_int(found: Any, name: str) -> int:
    """Convert `found` to a whole number. Raises ControlError, which mentions `name`."""
    try:
        return int(found)
    except (TypeError, ValueError) as error:
        raise ControlError(f'"{name}" must be a whole number') from error


def as_flag(found: Any, name: str) -> bool:
    """Return true or false. Raises ControlError, which mentions `name`, for anything else."""
    if not isinstance(found, bool):
        raise ControlError(f'"{name}" must be true or false')
    return found


def as_number(found: Any, name: str) -> float:
    """Convert `found` to a number. Raises ControlError, which mentions `name`."""
    try:
        return float(found)
    except (TypeError, ValueError) as error:
        raise ControlError(f'"{name}" must be a number') from error


def get_user(world: World, user_id: Any) -> User:
    """Return the person. Raises ControlError 404."""
    user = world.users.get(as_int(user_id, "user"))
    if user is None:
        raise ControlError(f"there is no person {user_id}", 404)
    return user


def get_chat(world: World, chat_id: Any) -> Chat:
    """Return the channel or group by its id or @username. Raises ControlError 404."""
    is_name = isinstance(chat_id, str) and not chat_id.lstrip("-").isdigit()
    found = world.find_named(chat_id) if is_name else world.chats.get(as_int(chat_id, "chat"))
    if not isinstance(found, Chat):
        raise ControlError(f"there is no chat {chat_id}", 404)
    return found


def get_bot(world: World, reference: Any) -> Bot:
    """Return the bot by its id or username. Raises ControlError 404."""
    if reference is None:
        raise ControlError("name a bot by its id or username")
    bot = find_bot(world, reference)
    if bot is None:
        raise ControlError(f"there is no bot {reference}", 404)
    return bot


def find_bot(world: World, reference: Any) -> Bot | None:
    """Return the bot by its id or username; None for an unknown one."""
    text = str(reference)
    if text.isdigit():
        return world.bots.get(int(text))
    found = world.find_named(text)
    return found if isinstance(found, Bot) else None


def get_target_chat(world: World, user: User, reference: Any) -> Chat:
    """Return the person's private chat with a bot, or a channel or group. Raises ControlError 404."""
    bot = find_bot(world, reference)
    return world.dialog(bot, user) if bot is not None else get_chat(world, reference)


def get_dialog(world: World, user_id: Any, bot: Any) -> Dialog:
    """Return the private chat of a person and a bot. Raises ControlError 404."""
    return world.dialog(get_bot(world, bot), get_user(world, user_id))
