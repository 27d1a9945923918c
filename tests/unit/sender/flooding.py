"""Telegrams that count calls in different ways and refuse what is too much, behind a limiter on virtual time."""

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import DeleteMessages, Response, SendMessage, TelegramMethod

from sender.departures import note_departure
from sender.lanes import Lane, in_lane
from sender.limiting.send_limiter import SendLimiter
from tests.unit.sender.telegram import BOT, NoJitter
from tests.unit.sender.virtual import VirtualTime

#: most that a call is on its way, and the answer on its way back, in seconds
TRANSIT_S, BACK_S = 0.02, 0.05


class Counting(Protocol):
    """How a Telegram counts."""

    def arrive(self, now: float) -> float | None:
        """Count a call; return the seconds to wait when it is refused."""
        ...


class Window:
    """At most `calls` in any second; a refused one does not count."""

    def __init__(self, calls: int = 30, wait_s: float = 3.0) -> None:
        self.calls, self.wait_s = calls, wait_s
        self._arrived: deque[float] = deque()

    def arrive(self, now: float) -> float | None:
        while self._arrived and self._arrived[0] <= now - 1.0:
            self._arrived.popleft()
        if len(self._arrived) >= self.calls:
            return self.wait_s
        self._arrived.append(now)
        return None


class Bucket:
    """A bucket of ten, refilled at `rate` a second."""

    def __init__(self, rate: float = 30.0, burst: float = 10.0, wait_s: float = 3.0) -> None:
        self.rate, self.burst, self.wait_s = rate, burst, wait_s
        self._tokens, self._at = burst, 0.0

    def arrive(self, now: float) -> float | None:
        self._tokens, self._at = min(self.burst, self._tokens + (now - self._at) * self.rate), now
        if self._tokens < 1.0:
            return self.wait_s
        self._tokens -= 1.0
        return None


class Growing:
    """Counts like `counting`; each call during a wait doubles it. A minute without a refusal forgives.

    Calls within `grace_s` of the refusal that began the wait double nothing: they had left before.
    """

    def __init__(self, counting: Counting, grace_s: float = 0.0) -> None:
        self.counting, self.grace_s = counting, grace_s
        self.wait_s = 3.0
        self._until = self._refused_at = self._began_at = -math.inf

    def arrive(self, now: float) -> float | None:
        if now < self._until:
            if now < self._began_at + self.grace_s:
                return math.ceil(self._until - now)
            self.wait_s *= 2
        else:
            if now > max(self._until, self._refused_at) + 60.0:
                self.wait_s = 3.0
            if self.counting.arrive(now) is None:
                return None
            self._began_at = now
        self._refused_at = now
        self._until = now + self.wait_s
        return math.ceil(self.wait_s)


class FloodedTelegram:
    """A limiter, and a Telegram that counts what arrives; with `extra` another program uses the token as well."""

    def __init__(
        self,
        counting: Counting,
        rate: float = 30.0,
        bulk: float = 29.3,
        seed: int = 1,
        time: VirtualTime | None = None,
    ) -> None:
        self.time = time or VirtualTime()
        self.limiter = SendLimiter(rate, bulk, self.time, rng=NoJitter())
        self.counting = counting
        self.rng = random.Random(seed)
        #: how long each call is on its way
        self.transit: Callable[[], float] = self._random_transit
        #: how long it takes until each request leaves, once `leave_late` was called
        self._lateness: Callable[[], float] | None = None
        #: when each call was answered, its lane and chat; and when each was refused
        self.done: list[tuple[float, Lane, int]] = []
        self.refused: list[float] = []
        self.tasks: list[asyncio.Task[Any]] = []

    def leave_late(self, lateness: Callable[[], float]) -> None:
        """Let each request leave only `lateness()` seconds after it was allowed to, and the limiter know when."""
        self._lateness = lateness
        self.limiter.follow_departures()

    async def make_request(self, bot: Bot, method: TelegramMethod[Any]) -> Response[Any]:
        if self._lateness is not None:
            await self.time.sleep(self._lateness())
            note_departure()
        await self.time.sleep(self.transit())
        wait_s = self.counting.arrive(self.time.at_s)
        await self.time.sleep(self.rng.uniform(0.0, BACK_S))
        if wait_s is not None:
            self.refused.append(self.time.passed)
            raise TelegramRetryAfter(method=method, message="Too Many Requests", retry_after=int(wait_s))
        return cast(Response[Any], "done")

    def _random_transit(self) -> float:
        return self.rng.choice((0.0, TRANSIT_S, self.rng.uniform(0.0, TRANSIT_S)))

    async def call(self, chat_id: int, lane: Lane, *, urgent: bool = False) -> None:
        """Make one call; a pause that is longer than it waits ends it without a word."""
        method: TelegramMethod[Any] = SendMessage(chat_id=chat_id, text="x")
        if lane is Lane.DELETION:
            method = DeleteMessages(chat_id=chat_id, message_ids=[1])
        with in_lane(lane, urgent=urgent):
            try:
                await self.limiter(self.make_request, BOT, method)
            except TelegramRetryAfter as error:
                await self.time.sleep(float(error.retry_after))
                return
        self.done.append((self.time.passed, lane, chat_id))

    def keep_calling(self, lane: Lane, at_once: int, first_chat: int) -> None:
        """Make calls for good, `at_once` at a time, each to a chat that was not called before."""

        async def one_after_the_other(chat_id: int) -> None:
            while True:
                await self.call(chat_id, lane)
                chat_id += at_once

        for n in range(at_once):
            self.tasks.append(asyncio.ensure_future(one_after_the_other(first_chat + n)))

    def keep_pressing(self, people: int, presses: int) -> None:
        """Let `people` have `presses` calls each at any time."""

        async def press(chat_id: int) -> None:
            while True:
                await self.call(chat_id, Lane.INTERACTIVE)

        for chat_id in range(1, people + 1):
            self.tasks.extend(asyncio.ensure_future(press(chat_id)) for _ in range(presses))

    def use_elsewhere(self, rate: float, seconds: float) -> None:
        """Let another program call with the same token, evenly; it waits as long as it is told."""

        async def calls() -> None:
            until = self.time.at_s + seconds
            while self.time.at_s < until:
                wait_s = self.counting.arrive(self.time.at_s)
                await self.time.sleep(1.0 / rate if wait_s is None else wait_s)

        self.tasks.append(asyncio.ensure_future(calls()))

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def count(self, since: float, until: float, lane: Lane | None = None) -> int:
        """How many calls succeeded between two seconds."""
        return sum(since <= at < until and lane in (None, found) for at, found, _ in self.done)
