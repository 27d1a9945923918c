"""/start j_…: an invitation to the team."""

from typing import Any

from aiogram import Router
from aiogram.types import Message

from admin_bot.team.members import TeamService
from core.payloads import invitation_token


async def find_token(message: Message) -> dict[str, Any] | bool:
    """Return the token of an invitation for the handler; False for any other message."""
    token = invitation_token(message.text)
    return False if token is None else {"token": token}


async def join(message: Message, token: str, members: TeamService) -> None:
    user = message.from_user
    name, language = (user.full_name, user.language_code) if user else ("", None)
    await message.answer(await members.join(message.chat.id, name, token, language))


def build() -> Router:
    router = Router(name="admin joining")
    router.message.register(join, find_token)
    return router
