"""/help, /me, /token, and the answer to messages that are no command."""

from zoneinfo import ZoneInfo

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from core.clock import Clock
from core.days import start_of_day
from core.message_kinds import SERVICE_KINDS
from core.users import User
from database.operations import deletion_ops, settings_ops, token_counts
from database.operations.posts import post_ops
from user_bot.delivery.verifier import Verifier
from views.subscribers import texts as user_texts

#: open deliveries listed by /me
SHOWN = 20


async def help_(message: Message, clock: Clock) -> None:
    await message.answer(user_texts.help_text(await settings_ops.current(clock.now())))


async def me(message: Message, user: User, clock: Clock, zone: ZoneInfo) -> None:
    now = clock.now()
    settings = await settings_ops.current(now)
    pending = await deletion_ops.open_deliveries(user.user_id, SHOWN)
    titles = await post_ops.titles(promise.post_code for promise in pending)
    standing = user_texts.Standing(
        links_today=await token_counts.links_on(user.user_id, start_of_day(now, zone)),
        open_deliveries=[(titles.get(promise.post_code, ""), promise.delete_at) for promise in pending],
    )
    await message.answer(user_texts.about_me(user, settings, standing, now, zone))


async def token(message: Message, user: User, verifier: Verifier) -> None:
    await verifier.new_link(user, f"message {message.message_id}")


async def is_content(message: Message) -> bool:
    """Return whether somebody sent it; False for what tells of a pinned message, a timer and the like."""
    return message.content_type not in SERVICE_KINDS


async def anything_else(message: Message) -> None:
    await message.answer(user_texts.NOT_A_COMMAND)


def build() -> Router:
    router = Router(name="about")
    router.message.register(help_, Command("help"))
    router.message.register(me, Command("me"))
    router.message.register(token, Command("token", "unlock"))
    router.message.register(anything_else, is_content)
    return router
