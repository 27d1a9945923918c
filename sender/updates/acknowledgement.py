"""Updates are acknowledged when a killed process can no longer lose them: what handlers and middlewares call for that.

An update is acknowledged when its handler has ended, or has come to its first call to Telegram. By then the promise of
a delivery is in the database, and one message is all that is left to send. `polling.py` keeps the account.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from aiogram.types import TelegramObject, Update

T = TypeVar("T")
#: what a middleware calls to go on, as in aiogram
Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Acknowledger(Protocol):
    """What keeps the account of one bot's updates (`sender.updates.polling.UpdateAcknowledger`)."""

    def acknowledge(self, update_id: int) -> None: ...

    def leave(self, update_id: int) -> None: ...

    def take(self, update: Update) -> None: ...

    async def notify(self, update_id: int, sending: Awaitable[T]) -> T: ...


#: the update the running task handles, and its acknowledger
current_update: ContextVar[tuple[Acknowledger, Update] | None] = ContextVar("tollgate_current_update", default=None)


def acknowledge() -> None:
    """Acknowledge the update this task handles: Telegram need not send it again. Does nothing outside a handler."""
    current = current_update.get()
    if current is not None:
        acknowledger, update = current
        acknowledger.acknowledge(update.update_id)


@contextmanager
def place_given_up() -> Iterator[None]:
    """Give the place of this task's update to others inside the block; take it again behind it, even if none is free.

    For updates that wait for the database: however many they are, others go on. Does nothing outside a handler.
    """
    current = current_update.get()
    if current is None:
        yield
        return
    acknowledger, update = current
    acknowledger.leave(update.update_id)
    try:
        yield
    finally:
        acknowledger.take(update)


@contextmanager
def acknowledge_after(wait_s: float) -> Iterator[None]:
    """Acknowledge this task's update once the block has run for `wait_s` seconds.

    For calls to others (a shortener, `getChatMember`) on behalf of one subscriber: a slow answer must not delay the
    updates of all. A kill from then on loses the request; the subscriber has seen nothing yet and taps again.
    """
    handle = asyncio.get_running_loop().call_later(wait_s, acknowledge)
    try:
        yield
    finally:
        handle.cancel()
