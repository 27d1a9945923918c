"""/start own_…: the printed link, which makes the first owner."""

from typing import Any

from aiogram import Router
from aiogram.types import Message

from admin_bot.audit import note
from admin_bot.team.first_hour import FirstHourGuide
from admin_bot.team.menus import TeamMenus
from core.clock import Clock
from core.payloads import claim_token
from core.team.admins import ClaimOutcome, Role
from core.team.first_hour import Step
from database.team import Team
from views.team import texts


async def find_token(message: Message) -> dict[str, Any] | bool:
    """Return the token of a claim link for the handler; False for any other message."""
    token = claim_token(message.text)
    return False if token is None else {"token": token}


async def claim(
    message: Message,
    token: str,
    user_bot_username: str,
    team: Team,
    clock: Clock,
    first_hour: FirstHourGuide,
    team_menus: TeamMenus,
) -> None:
    user_id = message.chat.id
    outcome = await team.claim(user_id, token)
    if outcome not in (ClaimOutcome.CLAIMED, ClaimOutcome.YOURS):
        await message.answer(texts.not_claimed(outcome, user_bot_username))
        return
    await team.note_app_language(user_id, message.from_user.language_code if message.from_user else None)
    if outcome is ClaimOutcome.CLAIMED:
        await note(clock.now(), user_id, "owner.claimed", str(user_id))
        sentence = texts.claimed(message.from_user.first_name if message.from_user else "")
    else:
        sentence = texts.not_claimed(outcome, user_bot_username)
    if not await first_hour.ask_storage(user_id, Role.OWNER, sentence):
        await message.answer(sentence)
        if Step.CHANNEL in await first_hour.open_steps():
            await first_hour.ask_channel(user_id)
    await team_menus.show(user_id, Role.OWNER)


def build() -> Router:
    router = Router(name="admin claim")
    router.message.register(claim, find_token)
    return router
