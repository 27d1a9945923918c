"""Follow the sandbox's clock (`SANDBOX_CLOCK_URL`): the wall clock, and the seconds that the limiters count."""

from datetime import datetime, timedelta

import aiohttp
import structlog

from core.clock import SystemClock

log = structlog.get_logger("tollgate.process")

#: errors of reading the sandbox's clock
NO_TIME = (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError)
#: seconds between two attempts when the sandbox's clock does not answer
CLOCK_RETRY_S = 1.0


async def set_clock(url: str, clock: SystemClock, after: int | None = None) -> int:
    """Set `clock` to the sandbox's time; return its version. With `after`, wait up to 25 s for a later version.

    Raises NO_TIME.
    """
    params = {} if after is None else {"after": str(after), "timeout_s": "25"}
    timeout = aiohttp.ClientTimeout(total=40)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, params=params) as answer:
        found = await answer.json()
    clock.shift_to(timedelta(seconds=float(found["offset_s"])))
    return int(found["version"])


async def follow_clock(url: str, clock: SystemClock) -> None:
    """Set `clock` after every move of the sandbox's clock, until cancelled."""
    version: int | None = None
    while True:
        try:
            version = await set_clock(url, clock, version)
        except NO_TIME as error:
            log.debug("clock.no_answer", error=type(error).__name__)
            await clock.sleep(CLOCK_RETRY_S)


class LimiterClock:
    """A clock whose `monotonic` jumps ahead with `clock`, so that a pause of the sandbox's Telegram is over then.

    When the clock is put back, `monotonic` runs on at normal speed; it jumps again only when the clock is further ahead
    than ever before.
    """

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._began = self._furthest = clock.offset
        clock.on_shift(self._shifted)

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic() + (self._furthest - self._began).total_seconds()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def _shifted(self) -> None:
        self._furthest = max(self._furthest, self._clock.offset)
