"""The user bot's copyMessages, held or cut short on its way to Telegram."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiogram.methods import CopyMessages, TelegramMethod

from sender.limiting.send_limiter import SendLimiter
from tests.house import House


class HeldCopies:
    """Holds every copyMessages from when it is `called` until `go_on`: before it leaves, or its answer."""

    def __init__(self, *, is_answer: bool = False) -> None:
        self.called = asyncio.Event()
        self.go_on = asyncio.Event()
        self._is_answer = is_answer

    async def __call__(self, make_request: Any, bot: Any, method: TelegramMethod[Any]) -> Any:
        if not isinstance(method, CopyMessages):
            return await make_request(bot, method)
        answer = await make_request(bot, method) if self._is_answer else None
        self.called.set()
        await self.go_on.wait()
        return answer if self._is_answer else await make_request(bot, method)


class PartialCopies:
    """Lets `deliver` messages of the next copyMessages arrive, and fails with `error`; counts every call."""

    def __init__(self, deliver: int, error: Callable[[CopyMessages], Exception]) -> None:
        self.calls = 0
        self._deliver = deliver
        self._error = error

    async def __call__(self, make_request: Any, bot: Any, method: TelegramMethod[Any]) -> Any:
        if not isinstance(method, CopyMessages):
            return await make_request(bot, method)
        self.calls += 1
        if self.calls > 1:
            return await make_request(bot, method)
        if self._deliver:
            await make_request(bot, method.model_copy(update={"message_ids": method.message_ids[: self._deliver]}))
        raise self._error(method)


@contextmanager
def on_the_way(house: House, middleware: Any) -> Iterator[None]:
    """Put `middleware` in front of the limiter, so that nothing is repeated, and behind what notes message ids."""
    registered = house.base.user_bot.session.middleware._middlewares
    registered.insert(next(n for n, one in enumerate(registered) if isinstance(one, SendLimiter)), middleware)
    try:
        yield
    finally:
        registered.remove(middleware)
