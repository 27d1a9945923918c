"""/start, with or without a payload."""

from aiogram import Bot, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message

from core.clock import Clock
from core.payloads import NewTokenPayload, PostPayload, TokenPayload, parse_payload
from core.users import User
from database.operations import settings_ops
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.verifier import Verifier
from views.subscribers import texts as user_texts


async def start(
    message: Message,
    command: CommandObject,
    bot: Bot,
    user: User,
    clock: Clock,
    deliverer: Deliverer,
    verifier: Verifier,
) -> None:
    if not command.args:
        settings = await settings_ops.current(clock.now())
        await message.answer(user_texts.welcome(user, settings, (await bot.me()).username or ""))
        return
    payload = parse_payload(command.args.strip())
    update_key = f"message {message.message_id}"
    if isinstance(payload, PostPayload):
        await deliverer.deliver(user, payload.code, update_key, source=payload.source)
    elif isinstance(payload, TokenPayload):
        await verifier.redeem(user, payload.token, update_key)
    elif isinstance(payload, NewTokenPayload):
        await verifier.new_link(user, update_key)
    else:
        await message.answer(user_texts.INVALID_LINK)


def build() -> Router:
    router = Router(name="start")
    router.message.register(start, CommandStart())
    return router
