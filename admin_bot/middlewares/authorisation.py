"""Who may use the admin bot, and in which role: decided once, for every kind of update."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Chat, ChatMemberUpdated, Message, TelegramObject, User
from cachetools import TTLCache

from core.clock import Clock
from core.errors import TollgateError
from core.payloads import claim_token, invitation_token
from database.team import Team
from sender.failures import TELEGRAM_ERRORS, classify
from sender.updates.acknowledgement import Handler
from views.admin_texts import not_for_you

log = structlog.get_logger("tollgate.admin")

#: the shortest time between two answers to the same stranger
REFUSE_EVERY = timedelta(minutes=1)
#: strangers remembered; one more evicts the oldest, who may then be answered early
STRANGERS_MAX = 10_000


def _opens_link(text: str | None) -> bool:
    """Return whether it is the link that makes the first owner, or an invitation; both are judged by their handler."""
    return claim_token(text) is not None or invitation_token(text) is not None


async def _note_language(team: Team, user: User) -> None:
    """Note the language of a member's app. A failure is logged: the next update notes it."""
    try:
        await team.note_app_language(user.id, user.language_code)
    except TollgateError as error:
        log.info("language.not_noted", user_id=user.id, error=type(error).__name__)


class Authorise(BaseMiddleware):
    """Lets the team pass in private chats, with the role as `role`. Strangers get one sentence there; all other updates
    are dropped, a press elsewhere is answered without a word. Who opens the link that makes the first owner, or an
    invitation, passes without a role.

    Updates about rights of bots in a channel pass in any case: they are no request, and the one who takes the
    rights away need not be in the team.
    """

    def __init__(self, clock: Clock) -> None:
        self._refused: TTLCache[int, None, datetime] = TTLCache(STRANGERS_MAX, ttl=REFUSE_EVERY, timer=clock.now)

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        chat: Chat | None = data.get("event_chat")
        user: User | None = data.get("event_from_user")
        if isinstance(event, ChatMemberUpdated):
            return await handler(event, data) if event.chat.type == ChatType.CHANNEL else None
        is_private = isinstance(event, CallbackQuery) if chat is None else chat.type == ChatType.PRIVATE
        if user is None or not is_private:
            if isinstance(event, CallbackQuery):
                await self._answer_press(event, None, data["bot"])
            return None
        team: Team = data["team"]
        data["role"] = await team.role_of(user.id)
        if data["role"] is not None:
            team.remember_name(user.id, user.full_name)
            await _note_language(team, user)
            return await handler(event, data)
        if isinstance(event, Message) and not user.is_bot and _opens_link(event.text):
            return await handler(event, data)
        await self._refuse(event, user.id, data)
        return None

    async def _refuse(self, event: TelegramObject, user_id: int, data: dict[str, Any]) -> None:
        sentence = not_for_you(data["user_bot_username"]) if self._is_due(user_id) else None
        bot: Bot = data["bot"]
        if isinstance(event, CallbackQuery):
            await self._answer_press(event, sentence, bot)
        elif isinstance(event, Message) and sentence is not None:
            try:
                await bot.send_message(user_id, sentence)
            except TELEGRAM_ERRORS as error:
                log.info("stranger.not_answered", user_id=user_id, reason=classify(error))

    async def _answer_press(self, query: CallbackQuery, sentence: str | None, bot: Bot) -> None:
        """Answer a press that does nothing: Telegram shows its button as loading until then."""
        try:
            await bot.answer_callback_query(query.id, text=sentence)
        except TELEGRAM_ERRORS as error:
            log.info("stranger.not_answered", user_id=query.from_user.id, reason=classify(error))

    def _is_due(self, user_id: int) -> bool:
        """Return whether this stranger may be answered now, and count that as an answer."""
        if user_id in self._refused:
            return False
        self._refused[user_id] = None
        return True
