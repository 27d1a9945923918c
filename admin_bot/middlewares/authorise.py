"""Who may use the admin bot: decided once, for every kind of update."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Chat, ChatMemberUpdated, Message, TelegramObject, User

from sender.failures import TELEGRAM_ERRORS, classify
from sender.intake import Handler
from views.admin_texts import not_for_you

log = structlog.get_logger("tollgate.admin")

#: a stranger is answered at most this often
REFUSE_EVERY = timedelta(minutes=1)
#: strangers remembered; beyond it the longest known is forgotten (and may be answered once more)
STRANGERS_MAX = 10_000


class Authorise(BaseMiddleware):
    """Admins in their private chat pass. Strangers get one polite sentence there; everything else is dropped.

    News about the bot's own rights in a channel passes from anybody: it is no wish, and the one who takes
    the rights away need not be an admin of Tollgate.
    """

    def __init__(self) -> None:
        self._refused: OrderedDict[int, datetime] = OrderedDict()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        chat: Chat | None = data.get("event_chat")
        user: User | None = data.get("event_from_user")
        if isinstance(event, ChatMemberUpdated):
            return await handler(event, data) if event.chat.type == ChatType.CHANNEL else None
        is_private = isinstance(event, CallbackQuery) if chat is None else chat.type == ChatType.PRIVATE
        if user is None or not is_private:
            return None
        if user.id in data["admin_ids"]:
            return await handler(event, data)
        await self._refuse(event, user.id, data)
        return None

    async def _refuse(self, event: TelegramObject, user_id: int, data: dict[str, Any]) -> None:
        sentence = not_for_you(data["user_bot_username"]) if self._is_due(user_id, data["clock"].now()) else None
        bot: Bot = data["bot"]
        try:
            if isinstance(event, CallbackQuery):
                # always answered: a button without an answer keeps turning
                await bot.answer_callback_query(event.id, text=sentence)
            elif isinstance(event, Message) and sentence is not None:
                await bot.send_message(user_id, sentence)
        except TELEGRAM_ERRORS as error:
            log.info("stranger.not_answered", user_id=user_id, reason=classify(error))

    def _is_due(self, user_id: int, now: datetime) -> bool:
        last = self._refused.get(user_id)
        if last is not None and now - last < REFUSE_EVERY:
            return False
        self._refused[user_id] = now
        self._refused.move_to_end(user_id)
        if len(self._refused) > STRANGERS_MAX:
            self._refused.popitem(last=False)
        return True
