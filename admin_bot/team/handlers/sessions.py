"""The button below the message about a sign-in: it ends every session of whoever presses it."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from admin_bot.screens import turn_to
from admin_bot.team.members import TeamService
from views.team.callbacks import EndMySessions
from views.team.sign_ins import sessions_ended


async def end_all(query: CallbackQuery, bot: Bot, members: TeamService) -> None:
    await members.end_sessions(query.from_user.id)
    await turn_to(query, bot, sessions_ended())


def build() -> Router:
    router = Router(name="admin sessions")
    router.callback_query.register(end_all, EndMySessions.filter())
    return router
