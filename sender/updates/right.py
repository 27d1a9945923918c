"""The right to poll: of several processes of one bot only one polls at a time."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class PollingRight(Protocol):
    """Who may poll now; asked before each poll and while it waits (`runtime.updates.polling_turn`)."""

    @property
    def is_held(self) -> bool: ...

    async def held(self) -> None:
        """Return when this process may poll."""
        ...

    async def while_held(self, request: Callable[[], Awaitable[T]]) -> T | None:
        """Return what `request()` returns; None when the right was lost before that, which cancels it."""
        ...


class OnlyProcess:
    """No other process polls."""

    is_held = True

    async def held(self) -> None:
        return None

    async def while_held(self, request: Callable[[], Awaitable[T]]) -> T | None:
        return await request()
