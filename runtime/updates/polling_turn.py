"""This process's turn to poll for a bot: it takes the lease, renews it, and stands by while another has it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.processes.polling_lease import (
    LOOK_EVERY_S,
    RENEW_EVERY_S,
    STUCK_AFTER_S,
    TAKEN_OVER_AFTER_S,
    Holding,
    PollingLease,
    Signs,
    Waiting,
)
from core.supervisor import Supervisor
from database.owners import has_ended, identify_this_process, new_owner

log = structlog.get_logger("tollgate.process")

#: seconds a command about the lease may take; a silent server must not use up the time a lease is held
ANSWER_WITHIN_S = 4.0

T = TypeVar("T")


class LeaseStore(Protocol):
    """Where the leases are (`database.operations.processes.polling_lease_ops`)."""

    async def find(self, bot_id: int) -> PollingLease | None: ...

    async def take(
        self, bot_id: int, owner: str, process: str, seen: PollingLease | None, now: datetime
    ) -> PollingLease | None: ...

    async def renew(self, bot_id: int, owner: str, now: datetime) -> PollingLease | None: ...

    async def release(self, bot_id: int, owner: str, now: datetime) -> bool: ...

    async def stand_by(self, bot_id: int) -> bool: ...


class PollingTurn:
    """One per bot and process. `run` keeps it; it is the `PollingRight` of the bot's polls."""

    def __init__(
        self,
        bot_id: int,
        store: LeaseStore,
        clock: Clock,
        *,
        on_change: Callable[[bool], None] = lambda is_polling: None,
        on_signs: Callable[[datetime | None, bool], None] = lambda since, is_own: None,
        is_ended: Callable[[str], bool] = has_ended,
    ) -> None:
        """`on_change(True)`: it is this process's turn; `on_change(False)`: it stands by. `is_ended`: of an owner.

        `on_signs` is called every few seconds: since when nobody polls, as far as this process knows (None: somebody
        does), and whether the turn was this process's when the database last answered.
        """
        self.owner = new_owner()
        self._bot_id = bot_id
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._on_signs = on_signs
        self._signs = Signs(clock.monotonic())
        self._is_ended = is_ended
        self._process = identify_this_process()
        self._holding = Holding()
        self._waiting = Waiting()
        self._told: bool | None = None
        self._signed_s: float | None = None
        self._taken_s = clock.monotonic()
        #: how often this process has taken the lease
        self.number = 0
        #: set whenever the lease was renewed or lost
        self._changed = asyncio.Event()

    @property
    def is_held(self) -> bool:
        """Whether this process may poll now."""
        return self._left_s() > 0

    def _left_s(self) -> float:
        return self._holding.polls_until() - self._clock.monotonic()

    async def run(self) -> None:
        """Take the lease when it is free, renew it while it is held; until cancelled."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    is_done = await (self._renew() if self._holding.is_ours else self._look())
            except (TollgateError, TimeoutError) as error:
                is_done = False
                log.info("polling.lease_not_asked", bot_id=self._bot_id, error=type(error).__name__)
            self._changed.set()
            if self._is_stuck():
                log.error("polling.stuck", bot_id=self._bot_id)
                await self.release()
                self._tell(is_polling=False)
                # who stands by takes over meanwhile
                await self._clock.sleep(TAKEN_OVER_AFTER_S)
            else:
                await self._clock.sleep(RENEW_EVERY_S if is_done else LOOK_EVERY_S)

    def _is_stuck(self) -> bool:
        """Tell whether there are signs that somebody polls. True: this process has had the turn for long, without."""
        at_s = self._clock.monotonic()
        missing_s = self._signs.missing_for_s(at_s, is_held=self.is_held)
        since = None if missing_s is None else self._clock.now() - timedelta(seconds=missing_s)
        self._on_signs(since, self._holding.is_ours)
        return missing_s is not None and self.is_held and at_s - self._taken_s >= STUCK_AFTER_S

    async def held(self) -> None:
        """Return when this process may poll."""
        while not self.is_held:
            self._changed.clear()
            await self._changed.wait()

    async def while_held(self, request: Callable[[], Awaitable[T]]) -> T | None:
        """Return what `request()` returns; None, and the request is cancelled, when the turn ended before that."""
        if not self.is_held:
            return None
        self._signs.saw(self._clock.monotonic())
        tasks = Supervisor()
        try:
            async with asyncio.timeout(None) as limit:
                tasks.spawn(self._end(limit), f"polling turn {self._bot_id}")
                answer = await request()
        except TimeoutError:
            if not limit.expired():
                raise
            return None
        finally:
            await tasks.close()
        # a process that was suspended finds an answer, and that its turn is over
        return answer if self.is_held else None

    async def _end(self, limit: asyncio.Timeout) -> None:
        """Let `limit` be over when the turn is."""
        while (left_s := self._left_s()) > 0:
            await self._clock.sleep(min(left_s, LOOK_EVERY_S))
        log.warning("polling.stopped", bot_id=self._bot_id)
        limit.reschedule(asyncio.get_running_loop().time())

    async def release(self) -> None:
        """Let another process begin at once. Call it when the last poll is confirmed and `run` has ended."""
        if not self._holding.is_ours:
            return
        self._holding.lost()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._store.release(self._bot_id, self.owner, self._clock.now())
        except (TollgateError, TimeoutError) as error:
            # it runs out by itself
            log.warning("polling.lease_not_released", bot_id=self._bot_id, error=type(error).__name__)

    async def _renew(self) -> bool:
        """Renew the lease. True: nothing else is to be done for RENEW_EVERY_S seconds."""
        asked_s = self._clock.monotonic()
        try:
            lease = await self._store.renew(self._bot_id, self.owner, self._clock.now())
        except (TollgateError, asyncio.CancelledError):
            self._holding.unanswered(asked_s)
            raise
        if lease is None:
            log.warning("polling.lease_lost", bot_id=self._bot_id)
            self._holding.lost()
            return False
        self._begin(lease, asked_s)
        return True

    async def _look(self) -> bool:
        """Take the lease if it may be taken. True: it was."""
        lease = await self._store.find(self._bot_id)
        seen_s = self._clock.monotonic()
        if lease is not None and lease.owner == self.owner:
            # the answer to an earlier attempt was lost
            return await self._renew()
        if lease is not None:
            if self._waiting.saw(lease, seen_s) and lease.owner is not None:
                self._signs.saw(seen_s)
            has_ended = self._is_ended(lease.process)
            if not self._waiting.may_take(lease, seen_s, has_ended=has_ended):
                await self._stand_by(seen_s)
                return False
        asked_s = self._clock.monotonic()
        taken = await self._store.take(self._bot_id, self.owner, self._process, lease, self._clock.now())
        if taken is None:
            return False
        self._taken_s = asked_s
        self.number += 1
        log.info("polling.taken", bot_id=self._bot_id, released=lease is None or lease.owner is None)
        self._begin(taken, asked_s)
        return True

    def _begin(self, lease: PollingLease, asked_s: float) -> None:
        self._holding.renewed(lease, asked_s)
        self._tell(is_polling=True)

    async def _stand_by(self, at_s: float) -> None:
        self._tell(is_polling=False)
        if self._signed_s is None or at_s - self._signed_s >= RENEW_EVERY_S:
            await self._store.stand_by(self._bot_id)
            self._signed_s = at_s

    def _tell(self, *, is_polling: bool) -> None:
        if is_polling is not self._told:
            self._told = is_polling
            self._on_change(is_polling)
