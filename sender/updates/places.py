"""How many people have updates with the handlers of one bot, and how many updates of one person are there at once."""

import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.types import CallbackQuery, Message, TelegramObject, Update, User

from sender.failures import TELEGRAM_ERRORS
from sender.updates.acknowledgement import Handler
from sender.updates.poison import UnreadableUpdate

log = structlog.get_logger("tollgate.intake")

#: people whose updates are with the handlers at the same time; a kill -9 costs at most so many a second press
PLACES = 64
#: seconds after which a handler no longer occupies a place. Above what its calls may take in order: a pause of a chat
#: (60 s, sender/limiting/limits.py) and a request that is not answered (60 s, sender/bots.py)
HANGS_AFTER_S = 180.0


def private_chat_of(update: Update) -> int | None:
    """Return the private chat an update came from, to which a message can be sent; None when there is none."""
    if isinstance(update, UnreadableUpdate):
        return update.chat_id
    event = update.message or update.callback_query
    if isinstance(event, CallbackQuery):
        return event.from_user.id
    if isinstance(event, Message) and event.chat.type == "private":
        return event.chat.id
    return None


class Places:
    """Counts who has updates with the handlers of one bot.

    `is_shared`: all updates of a person's private chat occupy one place together; only for bots that limit how many
    of them there are. Otherwise, and for updates of groups and channels, each update occupies a place.
    """

    def __init__(
        self,
        limit: int = PLACES,
        *,
        is_shared: bool = False,
        hangs_after_s: float = HANGS_AFTER_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self._is_shared = is_shared
        self._hangs_after_s = hangs_after_s
        self._now = now
        #: who occupies a place with this update, and since when; the oldest first
        self._taken: dict[int, tuple[Hashable, float]] = {}
        self._updates: Counter[Hashable] = Counter()

    @property
    def free(self) -> int:
        """Places that are free; negative while updates that were put aside have come back."""
        return self.limit - len(self._updates)

    def take(self, update: Update) -> None:
        """Occupy a place, also when none is free. Idempotent."""
        if update.update_id in self._taken:
            return
        person = private_chat_of(update) if self._is_shared else None
        holder: Hashable = ("update", update.update_id) if person is None else person
        self._taken[update.update_id] = (holder, self._now())
        self._updates[holder] += 1

    def leave(self, update_id: int) -> None:
        """Give the place back when it was the holder's last update; an unknown update is ignored."""
        if (taken := self._taken.pop(update_id, None)) is None:
            return
        holder, _ = taken
        self._updates[holder] -= 1
        if not self._updates[holder]:
            del self._updates[holder]

    def take_from_hanging(self) -> float | None:
        """Give back the places of handlers that hang; return the seconds until the next one does, None without any."""
        now = self._now()
        for update_id, (_, since) in tuple(self._taken.items()):
            left_s = since + self._hangs_after_s - now
            if left_s > 0:
                return left_s
            log.error("update.hangs", update_id=update_id, seconds=round(now - since))
            self.leave(update_id)
        return None


class PerUserConcurrencyLimit(BaseMiddleware):
    """Drops updates of a user while `limit` of theirs are being handled; the first button of a burst gets `toast`.

    The answers would wait for each other anyway (one message a second and chat), and a stop has to wait for them. A
    burst ends when none of the user's updates is being handled any more.
    """

    def __init__(self, limit: int, toast: Callable[[], str]) -> None:
        self._limit = limit
        self._toast = toast
        self._handling: Counter[int] = Counter()
        #: users who had the toast in this burst
        self._warned: set[int] = set()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        user: User | None = data.get("event_from_user")
        # updates from channels are not limited: an admin who admits a hundred subscribers at once is not flooding
        if user is None or not isinstance(event, Update) or private_chat_of(event) is None:
            return await handler(event, data)
        if self._handling[user.id] >= self._limit:
            log.info("update.dropped", user_id=user.id)
            await self._warn_once(event, user.id, data["bot"])
            return None
        self._handling[user.id] += 1
        try:
            return await handler(event, data)
        finally:
            self._handling[user.id] -= 1
            if not self._handling[user.id]:
                del self._handling[user.id]
                self._warned.discard(user.id)

    async def _warn_once(self, update: Update, user_id: int, bot: Bot) -> None:
        if update.callback_query is None or user_id in self._warned:
            return
        self._warned.add(user_id)
        try:
            await bot.answer_callback_query(update.callback_query.id, text=self._toast())
        except TELEGRAM_ERRORS as error:
            log.debug("update.toast_not_sent", user_id=user_id, error=type(error).__name__)
