"""The product's time follows the sandbox's (`SANDBOX_CLOCK_URL`): its clock, and the seconds the gates count."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import aiohttp
import structlog

from core.clock import SystemClock

log = structlog.get_logger("tollgate.process")

#: what the sandbox's clock may answer with, other than a time
NO_TIME = (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError)
#: seconds between two tries to follow the sandbox's clock when it does not answer
CLOCK_RETRY_S = 1.0


async def set_clock(url: str, clock: SystemClock, after: int | None = None) -> int:
    """One look at the sandbox's clock (a long one when `after` is known); returns its version. Raises NO_TIME."""
    params = {} if after is None else {"after": str(after), "timeout_s": "25"}
    timeout = aiohttp.ClientTimeout(total=40)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, params=params) as answer:
        found = await answer.json()
    clock.shift_to(timedelta(seconds=float(found["offset_s"])))
    return int(found["version"])


async def follow_clock(url: str, clock: SystemClock) -> None:
    """Set the clock at every move of the sandbox's, until cancelled."""
    version: int | None = None
    while True:
        try:
            version = await set_clock(url, clock, version)
        except NO_TIME as error:
            log.debug("clock.no_answer", error=type(error).__name__)
            await asyncio.sleep(CLOCK_RETRY_S)


def seconds_following(clock: SystemClock, monotonic: Callable[[], float]) -> Callable[[], float]:
    """Seconds that only go forward and jump ahead with `clock`: what the sandbox's Telegram waits for is over then.

    Moved back, they go on as before, until the clock is further ahead than it ever was.
    """
    began = furthest = clock.offset

    def moved() -> None:
        nonlocal furthest
        furthest = max(furthest, clock.offset)

    clock.on_shift(moved)
    return lambda: monotonic() + (furthest - began).total_seconds()
