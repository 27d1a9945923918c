"""/start own_…: the printed link, which makes the first owner."""

from typing import Any

from aiogram import Bot, Router
from aiogram.types import Message

from admin_bot.audit import note
from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import StorageChannel
from admin_bot.storage.handlers import setup
from core.clock import Clock
from core.payloads import claim_token
from core.team.admins import ClaimOutcome
from database.team import Team
from views.team import texts


async def find_token(message: Message) -> dict[str, Any] | bool:
    """Return the token of a claim link for the handler; False for any other message."""
    token = claim_token(message.text)
    return False if token is None else {"token": token}


async def claim(
    message: Message,
    token: str,
    bot: Bot,
    user_bot: Bot,
    user_bot_username: str,
    team: Team,
    clock: Clock,
    storage_channel: StorageChannel,
    storage_alarm: StorageAlarm,
) -> None:
    user_id = message.chat.id
    outcome = await team.claim(user_id, token)
    if outcome not in (ClaimOutcome.CLAIMED, ClaimOutcome.YOURS):
        await message.answer(texts.not_claimed(outcome, user_bot_username))
        return
    if outcome is ClaimOutcome.CLAIMED:
        await note(clock.now(), user_id, "owner.claimed", str(user_id))
        await message.answer(texts.claimed(message.from_user.first_name if message.from_user else ""))
    await setup.start(message, bot, user_bot, storage_channel, storage_alarm)


def build() -> Router:
    router = Router(name="admin claim")
    router.message.register(claim, find_token)
    return router
