"""During maintenance every update is answered with when the bot is back, and nothing else is done with it.

Nothing is lost: the answer to a post's link carries a button that delivers it afterwards, a finished unlock is paid at
once, and a post that waits for a join goes on waiting.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import BaseMiddleware, Bot
from aiogram.types import CallbackQuery, Message, TelegramObject
from cachetools import LRUCache

from core.clock import Clock
from core.message_kinds import SERVICE_KINDS
from core.payloads import PostPayload, TokenPayload, parse_payload
from core.settings.maintenance import maintenance_end
from core.users import User, is_banned
from database.operations import settings_ops
from sender.failures import TELEGRAM_ERRORS
from sender.updates.acknowledgement import Handler
from user_bot.delivery.verifier import Verifier
from user_bot.text_messages import send_text
from views.subscribers import keyboards
from views.subscribers import maintenance_texts as texts

#: subscribers and posts of whom it is remembered that they were answered
_REMEMBERED = 50_000
_START = "/start "


class RefuseDuringMaintenance(BaseMiddleware):
    """Answers once a subscriber and post in each maintenance. Register it behind `UpsertVisitor`."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone
        #: (subscriber, post or "") -> the end they were told
        self._told: LRUCache[tuple[int, str], datetime] = LRUCache(_REMEMBERED)

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        now = self._clock.now()
        until = maintenance_end(await settings_ops.current(now), now)
        if until is None:
            return await handler(event, data)
        if isinstance(event, CallbackQuery):
            await self._answer_press(data["bot"], event, until)
        elif isinstance(event, Message) and event.content_type not in SERVICE_KINDS:
            user: User | None = data.get("user")
            if user is not None and not is_banned(user, now):
                await self._answer_message(data["bot"], event, user, data["verifier"], until)
        return None

    async def _answer_press(self, bot: Bot, query: CallbackQuery, until: datetime) -> None:
        try:
            await bot.answer_callback_query(query.id, text=texts.back_at_plain(until, self._zone))
        except TELEGRAM_ERRORS:
            return

    async def _answer_message(
        self, bot: Bot, message: Message, user: User, verifier: Verifier, until: datetime
    ) -> None:
        code = await self._wanted(message, user, verifier)
        key = (user.user_id, code or "")
        if self._told.get(key) == until:
            return
        self._told[key] = until
        markup = keyboards.get_it_then(code) if code is not None else None
        await send_text(bot, user.user_id, texts.back_at(until, self._zone), markup)

    async def _wanted(self, message: Message, user: User, verifier: Verifier) -> str | None:
        """Return the code of the post that was asked for; pays out a finished unlock."""
        text = message.text or ""
        payload = parse_payload(text[len(_START) :].strip()) if text.startswith(_START) else None
        if isinstance(payload, PostPayload):
            return payload.code
        if isinstance(payload, TokenPayload):
            return await verifier.redeem_only(user, payload.token)
        return None


class HeldRequests:
    """Takes the place of `PendingRequests` during maintenance: the post a join waits for is not delivered."""

    async def has_joined(self, user_id: int, update_key: str) -> None:
        """Do nothing: the gate message keeps its button."""


class HoldPendingPosts(BaseMiddleware):
    """For joins and join requests, which are recorded as ever."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        now = self._clock.now()
        if maintenance_end(await settings_ops.current(now), now) is not None:
            data["pending_requests"] = HeldRequests()
        return await handler(event, data)
