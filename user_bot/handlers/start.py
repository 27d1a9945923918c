"""/start, with or without a payload."""

from aiogram import Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message

from core.clock import Clock
from core.payloads import PostPayload, parse_payload
from core.users import User
from database.operations import settings_ops
from user_bot.delivery import Deliverer
from views import user_texts


async def start(message: Message, command: CommandObject, user: User, clock: Clock, deliverer: Deliverer) -> None:
    if not command.args:
        settings = await settings_ops.current(clock.now())
        await message.answer(user_texts.welcome(user, settings))
        return
    payload = parse_payload(command.args.strip())
    if isinstance(payload, PostPayload):
        await deliverer.deliver(user, payload.code, f"message {message.message_id}")
        return
    await message.answer(user_texts.INVALID_LINK)


def build() -> Router:
    router = Router(name="start")
    router.message.register(start, CommandStart())
    return router
