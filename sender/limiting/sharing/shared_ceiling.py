"""The share of one process in the calls of one bot.

A beat is one command: it writes what this process uses and wants, and returns the same of all others. A process with
more than its part calls less at once, and writes the smaller number when the calls of its last second allow it; one
that wants more takes only what is free. So the shares together never exceed the ceiling, in any second. A row that is
not renewed in time is divided among the others; by then its process uses no more than the reserve.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import StoreRefused, StoreUnavailable
from core.rates.ledger import Beat, Ledger
from core.rates.parts import IDLE, IDLE_ALONE, PARTS, burst
from core.rates.steps import MARGIN_S, Step, Unchanged, next_step, reserve
from monitoring import metrics
from sender.lanes import SHARES, Lane
from sender.limiting.sharing.own_share import OwnShare
from sender.limiting.sharing.work import Work

log = structlog.get_logger("tollgate.sender")

#: seconds between two looks at what there is to do; they cost no command
TICK_S = 0.25
#: seconds between two beats of a process that has work, that waits for a change, and that has nothing to do
WORKING_S, CHANGING_S, IDLE_S = 1.0, 0.5, 5.0
#: for how many seconds after a beat a share may be used: several beats may fail
VALID_S, VALID_IDLE_S = 4.0, 16.0
#: seconds a beat may take
ANSWER_S = 2.0
#: after so many seconds without the database every process that had more than its reserve has fallen to it, and those
#: that had less may have as much
SILENT_S = 8.0
#: for how many seconds the calls before an orderly end count
END_S = 1.1
#: a slower rate that is older, in seconds, is no news of a pause
NEWS_S = 60.0

_LANES = tuple(SHARES[lane] for lane in Lane)
_ERRORS = (StoreUnavailable, StoreRefused, TimeoutError)


class LedgerStore(Protocol):
    """`database.operations.rates.share_ops`."""

    def beat(self, bot_id: int, process: str, news: Beat) -> Awaitable[Ledger | None]: ...
    def join(self, bot_id: int, process: str, news: Beat) -> Awaitable[Ledger]: ...
    def take(self, bot_id: int, version: int, parts: Mapping[str, int], gone: Sequence[str]) -> Awaitable[bool]: ...
    def clear(self, bot_id: int) -> Awaitable[None]: ...


class SharedCeiling:
    """Beats for one bot, and tells its limiter what follows. `on_slowed` is called when another one was refused."""

    def __init__(
        self,
        bot_id: int,
        process: str,
        own: OwnShare,
        store: LedgerStore,
        clock: Clock,
        on_slowed: Callable[[], Awaitable[object]],
    ) -> None:
        self._bot_id, self._process = bot_id, process
        self._own, self._store, self._clock, self._on_slowed = own, store, clock, on_slowed
        self._work = Work(own, clock.monotonic())
        self._unchanged = Unchanged()
        self._gauge = metrics.SENDER_SHARE.labels(str(bot_id))
        self._number = 0
        #: parts: those in use, and those the ledger shows at most
        self._use = self._has = 0
        self._processes = 1
        self._is_member = self._is_working = self._is_away = False
        self._due_at = -math.inf
        #: when the last beat that was answered was sent, and for how long it holds
        self._beat_at, self._valid_s = -math.inf, VALID_S
        #: when the database answered again after a silence
        self._back_at = -math.inf
        #: what the others know of refusals, and the last they told
        self._slowness: tuple[float, float] | None = None
        self._mark = ""

    async def tick(self) -> None:
        """Beat if it is time. Goes on without the database."""
        if self._clock.monotonic() < self._due_at and not self._has_news():
            return
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.beat()
        except _ERRORS as error:
            self._go_on_without(error)

    async def beat(self) -> None:
        """Write one's own row, read the others', and use what follows. Raises StoreUnavailable and StoreRefused."""
        now = self._clock.monotonic()
        self._work.measure(now)
        wants = self._work.wants(self._idle_parts)
        ledger = await self._written(wants, VALID_S if any(wants) or self._has > self._idle_parts else VALID_IDLE_S)
        self._note_answer(now, is_working=any(wants))
        unchanged_s, is_back = self._unchanged.since_s(ledger, now), now < self._back_at + VALID_S + MARGIN_S
        step = next_step(ledger, self._process, self._use, _LANES, unchanged_s, is_back=is_back)
        self._processes = step.processes
        self._use_only(step.use)
        is_first = await self._take(ledger, step)
        self._due_at = now + (self._pause_s(step) if is_first else TICK_S)
        await self._heed(ledger)

    async def close(self) -> None:
        """Write that this process calls no more. Without the database its row runs out by itself."""
        self._use = 0
        if not self._is_member or self._is_away:
            return
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._written((0,) * len(Lane), END_S, is_last=True)
        except _ERRORS as error:
            log.debug("share.not_left", bot_id=self._bot_id, error=str(error))

    async def _written(self, wants: tuple[int, ...], valid_s: float, *, is_last: bool = False) -> Ledger:
        """Write the row and return all; join when there is none, or others removed it."""
        # Telegram counts the last second, and so do the others
        if self._use < self._has:
            self._has = min(self._has, max(self._use, self._own.used()))
        self._valid_s = valid_s
        slowness = self._own.slowness()
        self._number += 1
        news = None
        if slowness is not None and slowness != self._slowness:
            news = (slowness[0], self._own.seconds_since(slowness[1]))
        beat = Beat(self._number, self._has, wants, valid_s, news, is_last)
        ledger = await self._store.beat(self._bot_id, self._process, beat) if self._is_member else None
        if ledger is None:
            ledger = await self._joined(replace(beat, parts=0))
        self._slowness = slowness
        return ledger

    async def _joined(self, beat: Beat) -> Ledger:
        """Join with no parts: others may have all of them."""
        self._has = 0
        self._use_only(0)
        try:
            ledger = await self._store.join(self._bot_id, self._process, beat)
        except StoreRefused as error:
            log.error("share.unreadable", bot_id=self._bot_id, error=str(error))
            await self._store.clear(self._bot_id)
            ledger = await self._store.join(self._bot_id, self._process, beat)
        self._is_member = True
        return ledger

    async def _take(self, ledger: Ledger, step: Step) -> bool:
        """Take what is free, also from who was lost; False when another process was first."""
        parts = dict(step.cut)
        if step.take is not None:
            parts[self._process] = step.take
        if not parts and not step.gone:
            return True
        if not await self._store.take(self._bot_id, ledger.version, parts, step.gone):
            return False
        if step.take is not None:
            self._has = step.take
            self._use_only(step.take)
        return True

    def _note_answer(self, sent_at: float, *, is_working: bool) -> None:
        self._beat_at, self._is_working = sent_at, is_working
        if self._is_away:
            self._is_away, self._back_at = False, sent_at
            log.info("share.database_back", bot_id=self._bot_id)

    def _use_only(self, parts: int) -> None:
        """Use `parts` until the row may be given away. One that is alone goes on: nobody is known to take from it."""
        self._use = parts
        if self._processes == 1:
            self._lend(parts, math.inf, parts)
        else:
            for_s = self._beat_at + self._valid_s - self._clock.monotonic()
            self._lend(parts, for_s, min(parts, self._without_database))

    def _go_on_without(self, error: Exception) -> None:
        """Keep the share for its time; then use only the reserve, which others leave to one they have lost."""
        now = self._clock.monotonic()
        self._due_at = now + WORKING_S
        if not self._is_away:
            self._is_away = True
            log.warning("share.without_database", bot_id=self._bot_id, error=type(error).__name__)
        least = self._without_database
        if now - self._beat_at > SILENT_S:
            self._lend(least, math.inf, least)
        else:
            self._use_only(self._use)

    @property
    def _without_database(self) -> int:
        return PARTS if self._processes == 1 else reserve(self._processes)

    def _lend(self, parts: int, for_s: float, then: int) -> None:
        self._own.take(parts / PARTS, burst(parts, self._processes, self._own.burst), for_s, then / PARTS)
        self._gauge.set(parts / PARTS)

    @property
    def _idle_parts(self) -> int:
        return IDLE_ALONE if self._processes == 1 else IDLE

    def _pause_s(self, step: Step) -> float:
        if step.is_hungry or self._use < self._has:
            return CHANGING_S
        return WORKING_S if self._is_working else IDLE_S

    def _has_news(self) -> bool:
        """Whether something should be said before the next beat is due."""
        if self._is_away:
            return False
        is_slower = self._own.slowness() not in (None, self._slowness)
        has_begun = not self._is_working and self._work.is_more_than(self._idle_parts)
        return is_slower or has_begun or self._own.is_over

    async def _heed(self, ledger: Ledger) -> None:
        """Be as slow as another process that was refused, and read what it was told to wait."""
        found = ledger.slowed
        if found is None or found.mark == self._mark:
            return
        self._mark = found.mark
        if found.mark.rpartition(":")[0] == self._process:
            return
        self._own.slow_to(found.part, found.growing_s)
        self._slowness = self._own.slowness()
        if found.growing_s < NEWS_S:
            await self._on_slowed()
