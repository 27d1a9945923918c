"""Several processes of one bot on virtual time: a limiter each, one Telegram that counts, one ledger."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import StoreUnavailable
from core.rates.ledger import Beat, Ledger, Member, Slowed
from sender.limiting.sharing.shared_ceilings import SharedCeilings
from tests.unit.sender.flooding import Counting, FloodedTelegram
from tests.unit.sender.virtual import VirtualTime

BOT_ID = 1002
#: seconds a command takes, and until one that nobody answers is given up
COMMAND_S, GIVE_UP_S = 0.004, 2.0


@dataclass(slots=True)
class _Row:
    member: Member
    at_s: float


class LedgerInMemory:
    """Keeps what `database.operations.rates.share_ops` keeps, by a clock of its own."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self.rows: dict[str, _Row] = {}
        self.version = 0
        self.slowed: tuple[Slowed, float] | None = None
        self.commands = 0
        #: nobody is answered; or only these are not
        self.is_silent = False
        self.cut_off: set[str] = set()
        #: how far the database's clock is put ahead
        self.ahead_s = 0.0

    async def beat(self, bot_id: int, process: str, news: Beat) -> Ledger | None:
        await self._command(process)
        row = self.rows.get(process)
        if row is None or row.member.number >= news.number:
            return None
        return self._write(process, replace(news, parts=min(news.parts, row.member.parts)))

    async def join(self, bot_id: int, process: str, news: Beat) -> Ledger:
        await self._command(process)
        return self._write(process, news)

    async def take(self, bot_id: int, version: int, parts: Mapping[str, int], gone: Sequence[str]) -> bool:
        await self._command("")
        if version != self.version:
            return False
        self.version += 1
        for name, number in parts.items():
            self.rows[name].member = replace(self.rows[name].member, parts=number)
        for name in gone:
            del self.rows[name]
        return True

    async def clear(self, bot_id: int) -> None:
        raise AssertionError("every row can be read")

    def parts(self) -> dict[str, int]:
        return {name: row.member.parts for name, row in self.rows.items()}

    async def _command(self, process: str) -> None:
        self.commands += 1
        if self.is_silent or process in self.cut_off:
            await self._time.sleep(GIVE_UP_S)
            raise StoreUnavailable("no answer")
        await self._time.sleep(COMMAND_S)

    @property
    def _now_s(self) -> float:
        return self._time.at_s + self.ahead_s

    def _write(self, process: str, news: Beat) -> Ledger:
        self.version += 1
        self.rows[process] = _Row(
            Member(process, news.number, news.parts, news.wants, news.valid_s, 0.0, news.is_last), self._now_s
        )
        if news.slowed is not None:
            part, growing_s = news.slowed
            self.slowed = (Slowed(f"{process}:{news.number}", part, growing_s), self._now_s)
        members = tuple(replace(row.member, age_s=self._now_s - row.at_s) for row in self.rows.values())
        slowed = None
        if self.slowed is not None:
            told, at_s = self.slowed
            slowed = replace(told, growing_s=told.growing_s + self._now_s - at_s)
        return Ledger(self.version, members, slowed)


class Process:
    """One process: its limiter, and the task that beats."""

    def __init__(self, name: str, telegram: FloodedTelegram, ceilings: SharedCeilings) -> None:
        self.name, self.telegram, self.ceilings = name, telegram, ceilings
        self.task: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        await self.telegram.time.run(self.ceilings.join(BOT_ID, self.telegram.limiter))
        self.wake()

    def wake(self) -> None:
        """Beat from now on."""
        self.task = asyncio.ensure_future(self.ceilings.run())

    async def kill(self) -> None:
        """Do nothing any more, without a word."""
        await self.sleep()
        await self.telegram.close()

    async def stop(self) -> None:
        """End in order."""
        await self.kill()
        await self.telegram.time.run(self.ceilings.close())

    async def sleep(self) -> None:
        """Beat no more."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@dataclass
class Processes:
    """All of them; `refused` and `done` are of all."""

    counting: Counting
    rate: float = 30.0
    time: VirtualTime = field(default_factory=VirtualTime)
    all: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = LedgerInMemory(self.time)
        self.heard: list[str] = []

    async def add(self) -> Process:
        """Start one more."""
        name = f"p{len(self.all)}"
        telegram = FloodedTelegram(self.counting, self.rate, seed=len(self.all) + 1, time=self.time)

        async def hear() -> None:
            self.heard.append(name)

        process = Process(name, telegram, SharedCeilings(self.time, self.ledger, name, hear))
        self.all.append(process)
        await process.start()
        return process

    async def close(self) -> None:
        for process in self.all:
            await process.kill()

    @property
    def refused(self) -> list[float]:
        return sorted(at for process in self.all for at in process.telegram.refused)

    def per_s(self, since: float, until: float) -> float:
        """Calls that succeeded, a second."""
        return sum(process.telegram.count(since, until) for process in self.all) / (until - since)
