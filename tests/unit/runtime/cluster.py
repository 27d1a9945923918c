"""Several processes that share the lease of one bot, in time that the test moves; each has clocks of its own."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from core.errors import StoreReadOnly, StoreUnavailable
from core.processes.polling_lease import PollingLease
from core.supervisor import Supervisor
from runtime.updates.polling_turn import PollingTurn

#: how finely time moves, in seconds
STEP_S = 0.25
#: seconds between two polls of a holder
POLL_EVERY_S = 10.0
T = TypeVar("T")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOT = 1002


class Store:
    """The row of one bot, as the database keeps it."""

    def __init__(self) -> None:
        self.row: PollingLease | None = None
        self.refuses_writes = False

    def _change(self, **fields: object) -> PollingLease:
        assert self.row is not None
        self._check_writes()
        self.row = self.row.model_copy(update={"beat": self.row.beat + 1} | fields)
        return self.row

    def _check_writes(self) -> None:
        if self.refuses_writes:
            raise StoreReadOnly("quota")

    def find(self) -> PollingLease | None:
        return self.row

    def take(self, owner: str, process: str, seen: PollingLease | None, now: datetime) -> PollingLease | None:
        if seen is None:
            if self.row is not None:
                return None
            self.row = PollingLease()
        elif self.row is None or (self.row.owner, self.row.beat) != (seen.owner, seen.beat):
            return None
        return self._change(owner=owner, process=process, renewed_at=now)

    def renew(self, owner: str, now: datetime) -> PollingLease | None:
        return self._change(renewed_at=now) if self.row is not None and self.row.owner == owner else None

    def release(self, owner: str) -> bool:
        if self.row is None or self.row.owner != owner:
            return False
        self._change(owner=None)
        return True

    def stand_by(self) -> bool:
        if self.row is None:
            return False
        self._check_writes()
        self.row = self.row.model_copy(update={"standby_beat": self.row.standby_beat + 1})
        return True


class Process:
    """One process: its clock, which may be wrong and not equally fast, and its way to the database."""

    def __init__(self, cluster: "Cluster", name: str, wrong_by_s: float, rate: float) -> None:
        self.name, self.rate = name, rate
        self._cluster, self._wrong_by = cluster, timedelta(seconds=wrong_by_s)
        #: it runs no line of the program
        self.is_suspended = False
        self.reaches_database = True
        #: the next answer of the database is lost, although it did what was asked
        self.loses_answer = False
        self.changes: list[bool] = []
        #: since when nobody polls, as it says
        self.signs: list[datetime | None] = []
        self.is_own = False
        #: False: it begins no poll although it is its turn
        self.polls = True
        self.turn = PollingTurn(
            BOT, self, self, on_change=self.changes.append, on_signs=self._sign, is_ended=cluster.is_ended
        )
        self.running: asyncio.Task[None] | None = None

    def _sign(self, since: datetime | None, is_own: bool) -> None:
        self.signs.append(since)
        self.is_own = is_own

    # its clock

    def now(self) -> datetime:
        return START + timedelta(seconds=self._cluster.time_s) + self._wrong_by

    def monotonic(self) -> float:
        # a machine's monotonic clock begins at its own start
        return self._cluster.time_s * self.rate + 1000.0 * len(self.name)

    async def sleep(self, seconds: float) -> None:
        await self._cluster.wait(self, seconds / self.rate)

    # its way to the database

    async def _ask(self, question: Callable[[], T]) -> T:
        if not self.reaches_database:
            raise StoreUnavailable("away")
        answer = question()
        if self.loses_answer:
            self.loses_answer = False
            raise StoreUnavailable("the answer was lost")
        return answer

    async def find(self, bot_id: int) -> PollingLease | None:
        return await self._ask(self._cluster.store.find)

    async def take(
        self, bot_id: int, owner: str, process: str, seen: PollingLease | None, now: datetime
    ) -> PollingLease | None:
        return await self._ask(lambda: self._cluster.store.take(owner, self.name, seen, now))

    async def renew(self, bot_id: int, owner: str, now: datetime) -> PollingLease | None:
        return await self._ask(lambda: self._cluster.store.renew(owner, now))

    async def release(self, bot_id: int, owner: str, now: datetime) -> bool:
        return await self._ask(lambda: self._cluster.store.release(owner))

    async def stand_by(self, bot_id: int) -> bool:
        return await self._ask(self._cluster.store.stand_by)

    # what happens to it

    async def poll(self) -> None:
        """Begin a poll, if it may; the answer is there at once."""

        async def answer() -> None:
            return None

        if self.polls and self.may_poll:
            await self.turn.while_held(answer)

    @property
    def says(self) -> datetime | None:
        """Since when nobody polls, as it says."""
        return self.signs[-1]

    @property
    def may_poll(self) -> bool:
        """Whether its next line may send a poll: a process that is suspended sends none."""
        return not self.is_suspended and self.turn.is_held

    async def die(self) -> None:
        """End as with kill -9."""
        assert self.running is not None
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        self._cluster.processes.remove(self)
        self._cluster.dead.add(self.name)

    async def stop(self) -> None:
        """End in order."""
        await self.die()
        await self.turn.release()


class Cluster:
    """The processes, and the time that passes for all of them."""

    def __init__(self, tasks: Supervisor) -> None:
        self.time_s = 0.0
        self.store = Store()
        self.processes: list[Process] = []
        #: names of processes that have ended, and of which others on the machine know that
        self.dead: set[str] = set()
        self.knows_of_the_dead = False
        self._tasks = tasks
        self._order = itertools.count()
        self._sleeping: list[tuple[float, int, Process, asyncio.Future[None]]] = []

    def is_ended(self, process: str) -> bool:
        return self.knows_of_the_dead and process in self.dead

    async def start(self, name: str, *, wrong_by_s: float = 0.0, rate: float = 1.0) -> Process:
        process = Process(self, name, wrong_by_s, rate)
        process.running = self._tasks.spawn(process.turn.run(), f"polling lease {name}")
        self.processes.append(process)
        await self.settle()
        return process

    async def wait(self, process: Process, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self.time_s + seconds, next(self._order), process, woken))
        await woken

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass. Never may two processes poll."""
        for _ in range(round(seconds / STEP_S)):
            await self._step()
            assert len(self.polling()) <= 1, (self.time_s, self.polling())

    async def _step(self) -> None:
        self.time_s += STEP_S
        due = [one for one in self._sleeping if one[0] <= self.time_s and not one[2].is_suspended]
        self._sleeping = [one for one in self._sleeping if one not in due]
        heapq.heapify(self._sleeping)
        for _, _, _, woken in due:
            if not woken.done():
                woken.set_result(None)
        await self.settle()
        if self.time_s % POLL_EVERY_S == 0:
            for process in self.processes:
                await process.poll()

    def polling(self) -> list[str]:
        return [process.name for process in self.processes if process.may_poll]

    async def until_polled_by(self, name: str, within_s: float) -> float:
        """Let time pass until this process may poll; return the seconds."""
        began_s = self.time_s
        while self.polling() != [name]:
            await self.pass_time(STEP_S)
            assert self.time_s - began_s <= within_s, "nobody took over"
        return self.time_s - began_s
