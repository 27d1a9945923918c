"""Who may use the admin bot, and in which role: decided once, for every kind of update."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Chat, ChatMemberUpdated, Message, TelegramObject, User
from cachetools import TTLCache

from core.clock import Clock
from core.payloads import claim_token
from database.team import Team
from sender.failures import TELEGRAM_ERRORS, classify
from sender.updates.acknowledgement import Handler
from views.admin_texts import not_for_you

log = structlog.get_logger("tollgate.admin")

#: the shortest time between two answers to the same stranger
REFUSE_EVERY = timedelta(minutes=1)
#: strangers remembered; one more evicts the oldest, who may then be answered early
STRANGERS_MAX = 10_000


class Authorise(BaseMiddleware):
    """Lets the team pass in private chats, with the role as `role`. Strangers get one sentence there; all other updates
    are dropped. Who opens the link that makes the first owner passes without a role.

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
            return None
        team: Team = data["team"]
        data["role"] = await team.role_of(user.id)
        if data["role"] is not None or (isinstance(event, Message) and not user.is_bot and claim_token(event.text)):
            return await handler(event, data)
        await self._refuse(event, user.id, data)
        return None

    async def _refuse(self, event: TelegramObject, user_id: int, data: dict[str, Any]) -> None:
        sentence = not_for_you(data["user_bot_username"]) if self._is_due(user_id) else None
        bot: Bot = data["bot"]
        try:
            if isinstance(event, CallbackQuery):
                # answered in any case: Telegram shows a button as loading until then
                await bot.answer_callback_query(event.id, text=sentence)
            elif isinstance(event, Message) and sentence is not None:
                await bot.send_message(user_id, sentence)
        except TELEGRAM_ERRORS as error:
            log.info("stranger.not_answered", user_id=user_id, reason=classify(error))

    def _is_due(self, user_id: int) -> bool:
        """Return whether this stranger may be answered now, and count that as an answer."""
        if user_id in self._refused:
            return False
        self._refused[user_id] = None
        return True
