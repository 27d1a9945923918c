"""/grant, /ban and /unban: the same operations as the buttons, by id."""

from aiogram.filters import CommandObject
from aiogram.types import Message

from admin_bot.people.inputs import read_ban, read_grant, read_id
from admin_bot.people.service import PeopleService
from core.errors import BadInput
from views.html import esc
from views.people import texts


async def grant(message: Message, command: CommandObject, people: PeopleService) -> None:
    try:
        grant_command = read_grant(command.args or "")
    except BadInput as problem:
        await message.answer(f"{esc(problem.sentence)}\n{texts.grant_usage()}")
        return
    if grant_command is None:
        await message.answer(texts.grant_usage())
        return
    key = f"admin {message.chat.id} {message.message_id}"
    await message.answer(await people.grant(message.chat.id, grant_command, key))


async def ban(message: Message, command: CommandObject, people: PeopleService) -> None:
    try:
        ban_command = read_ban(command.args or "")
    except BadInput as problem:
        await message.answer(f"{esc(problem.sentence)}\n{texts.ban_usage()}")
        return
    await message.answer(texts.ban_usage() if ban_command is None else await people.ban(message.chat.id, ban_command))


async def unban(message: Message, command: CommandObject, people: PeopleService) -> None:
    if not (command.args or "").strip():
        await message.answer(texts.unban_usage())
        return
    try:
        user_id = read_id(command.args or "")
    except BadInput as problem:
        await message.answer(f"{esc(problem.sentence)}\n{texts.unban_usage()}")
        return
    await message.answer(await people.unban(message.chat.id, user_id))
