"""One result that is expensive to get, cached for a few seconds and shared by concurrent callers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from core.clock import Clock

T = TypeVar("T")


class CachedResult(Generic[T]):
    """Calls `fetch` at most once in `keep_for_s` seconds; callers who arrive while it runs wait for its result.

    An exception of `fetch` reaches the caller whose call it was, and is not cached.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], keep_for_s: float, clock: Clock) -> None:
        self._fetch = fetch
        self._keep_for_s = keep_for_s
        self._clock = clock
        self._lock = asyncio.Lock()
        #: the result, and when it was received
        self._cached: tuple[T, float] | None = None

    async def get(self) -> T:
        """The cached result, or a fresh one when it is older than `keep_for_s`."""
        async with self._lock:
            if self._cached is None or self._clock.monotonic() - self._cached[1] >= self._keep_for_s:
                result = await self._fetch()
                self._cached = (result, self._clock.monotonic())
            return self._cached[0]
