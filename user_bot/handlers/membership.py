"""Subscribers who block or unblock the bot."""

from aiogram import F, Router
from aiogram.types import ChatMemberUpdated

from core.clock import Clock
from database.operations import user_ops


async def blocked(event: ChatMemberUpdated, clock: Clock) -> None:
    await user_ops.mark_blocked(event.from_user.id, clock.now())


async def unblocked(event: ChatMemberUpdated) -> None:
    await user_ops.mark_unblocked(event.from_user.id)


def build() -> Router:
    router = Router(name="membership")
    private = F.chat.type == "private"
    router.my_chat_member.register(blocked, private, F.new_chat_member.status == "kicked")
    router.my_chat_member.register(unblocked, private, F.new_chat_member.status == "member")
    return router
