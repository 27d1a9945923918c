"""Telegram delivers updates at least once: keys already handled are remembered here, for this process."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject

from core.errors import StoreUnavailable
from sender.intake import Handler

#: how many keys are remembered; duplicates come within seconds, not thousands of messages later
REMEMBERED_MAX = 5000


class SeenKeys:
    """A bounded memory of keys."""

    def __init__(self, size: int = REMEMBERED_MAX) -> None:
        self._size = size
        self._seen: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._seen

    def add(self, key: Hashable) -> bool:
        """Remember `key`; False when it was known already."""
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True

    @contextmanager
    def first_time(self, key: Hashable) -> Iterator[bool]:
        """Yields True for a new key. StoreUnavailable inside forgets it: the intake brings the same update again."""
        is_new = self.add(key)
        try:
            yield is_new
        except StoreUnavailable:
            if is_new:
                self._seen.pop(key, None)
            raise


def _key(event: TelegramObject) -> Hashable:
    if isinstance(event, Message):
        return (event.chat.id, event.message_id)
    return event.id if isinstance(event, CallbackQuery) else id(event)


class HandleOnce(BaseMiddleware):
    """Drops repeated messages and presses. After StoreUnavailable the intake may bring the same one again."""

    def __init__(self) -> None:
        self._seen_keys = SeenKeys()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        with self._seen_keys.first_time(_key(event)) as is_new:
            return await handler(event, data) if is_new else None
