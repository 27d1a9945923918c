"""/start, with or without a payload."""

from aiogram import Bot, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message, Update

from core.clock import Clock
from core.payloads import GiftPayload, NewTokenPayload, PostPayload, TokenPayload, parse_payload
from core.subscriptions import publishing_channels
from core.users import User
from database.operations import channel_ops, settings_ops
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.verifier import Verifier
from user_bot.gifts import Gifts
from user_bot.old_links import OldLinks
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts


async def start(
    message: Message,
    command: CommandObject,
    event_update: Update,
    bot: Bot,
    user: User,
    clock: Clock,
    deliverer: Deliverer,
    verifier: Verifier,
    gifts: Gifts,
    old_links: OldLinks,
) -> None:
    if not command.args:
        settings = await settings_ops.current(clock.now())
        channels = publishing_channels(await channel_ops.current(clock.now()))
        name, address = (channels[0].name, channels[0].address) if channels else ("", None)
        text = user_texts.welcome(user, settings, (await bot.me()).username or "", name)
        await message.answer(text, reply_markup=user_keyboards.welcome(name, address))
        return
    payload = parse_payload(command.args.strip())
    update_key = f"message {message.message_id}"
    if isinstance(payload, PostPayload):
        opening = event_update.update_id
        await deliverer.deliver(user, payload.code, update_key, opening=opening, source=payload.source, moves_down=True)
    elif isinstance(payload, TokenPayload):
        await verifier.redeem(user, payload.token, update_key)
    elif isinstance(payload, NewTokenPayload):
        await verifier.new_link(user, update_key)
    elif isinstance(payload, GiftPayload):
        await gifts.redeem(user, payload.code)
    else:
        await old_links.open(user, command.args.strip(), update_key, event_update.update_id)


def build() -> Router:
    router = Router(name="start")
    router.message.register(start, CommandStart())
    return router
