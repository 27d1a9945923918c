"""Which incidents are open, and who tells of them: in a book all processes share, and in memory while it is away."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.errors import TollgateError
from core.incidents import CloseDecision

log = structlog.get_logger("tollgate.alerts")

#: whoever tells of an incident has this long; after that the next one may: its process has vanished
TELLING_FOR = timedelta(minutes=1)
#: seconds for which the names of open incidents are answered from memory: every delivery asks whether one is over
NAMES_FRESH_S = 10.0


class IncidentStore(Protocol):
    """Where incidents are remembered (`database.operations.incident_ops`). Raises TollgateError when it cannot."""

    async def begin(self, incident: str, now: datetime, hold_for: timedelta) -> bool:
        """Open it, or take over the telling of one nobody was told of; True: it is the caller's to tell."""
        ...

    async def note_told(self, incident: str, now: datetime) -> None:
        """People know of it: it is open, whatever stood there."""
        ...

    async def give_back(self, incident: str) -> None:
        """Nobody could be told: the next one may try at once."""
        ...

    async def begin_end(self, incident: str, now: datetime, hold_for: timedelta) -> CloseDecision:
        """Take over the end of an open incident."""
        ...

    async def end(self, incident: str, now: datetime) -> None:
        """It is over, and people know."""
        ...

    async def keep_open(self, incident: str) -> None:
        """Nobody could be told that it is over: the next one may try at once."""
        ...

    async def open_names(self) -> list[str]:
        """The open incidents, told or not."""
        ...


@dataclass(slots=True)
class _Row:
    claimed_until: datetime | None
    is_told: bool = False
    ending_until: datetime | None = None


class MemoryIncidentStore:
    """A book of one process."""

    def __init__(self) -> None:
        self._open: dict[str, _Row] = {}

    async def begin(self, incident: str, now: datetime, hold_for: timedelta) -> bool:
        row = self._open.get(incident)
        if row is not None and (row.is_told or _is_held(row.claimed_until, now)):
            return False
        self._open[incident] = _Row(now + hold_for)
        return True

    async def note_told(self, incident: str, now: datetime) -> None:
        self._open.setdefault(incident, _Row(None)).is_told = True

    async def give_back(self, incident: str) -> None:
        self.forget(incident)

    async def begin_end(self, incident: str, now: datetime, hold_for: timedelta) -> CloseDecision:
        row = self._open.get(incident)
        if row is None or _is_held(row.ending_until, now):
            return CloseDecision.NOTHING
        if not row.is_told:
            return CloseDecision.NOTHING if _is_held(row.claimed_until, now) else CloseDecision.QUIET
        row.ending_until = now + hold_for
        return CloseDecision.NOTIFY

    async def end(self, incident: str, now: datetime) -> None:
        self.forget(incident)

    async def keep_open(self, incident: str) -> None:
        if incident in self._open:
            self._open[incident].ending_until = None

    async def open_names(self) -> list[str]:
        return list(self._open)

    def forget(self, incident: str) -> None:
        """As if it had never been."""
        self._open.pop(incident, None)

    def is_told(self, incident: str) -> bool:
        """Whether it is open and people know."""
        return incident in self._open and self._open[incident].is_told


def _is_held(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until


class SharedIncidentStore:
    """The stored book, and memory for what could not be written there: an outage of it must reach people, too.

    Raises nothing. Without a stored book memory is all there is.
    """

    def __init__(self, stored: IncidentStore | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stored = stored
        self._memory = MemoryIncidentStore()
        self._monotonic = monotonic
        self._names: set[str] = set()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def begin(self, incident: str, now: datetime) -> bool:
        """Whether the caller is to tell people of it now."""
        if self._stored is None:
            return await self._memory.begin(incident, now, TELLING_FOR)
        try:
            is_ours = await self._stored.begin(incident, now, TELLING_FOR)
            self._names.add(incident)
            if not self._memory.is_told(incident):
                return is_ours
            # told while the book was away: now it stands there, too
            await self._stored.note_told(incident, now)
            self._memory.forget(incident)
        except TollgateError as error:
            _say("begin", incident, error)
            return await self._memory.begin(incident, now, TELLING_FOR)
        return False

    async def note(self, incident: str, now: datetime, *, is_told: bool) -> None:
        """What came of telling people."""
        self._names.add(incident)
        if self._stored is not None:
            try:
                await (self._stored.note_told(incident, now) if is_told else self._stored.give_back(incident))
            except TollgateError as error:
                _say("note", incident, error)
            else:
                self._memory.forget(incident)
                return
        await (self._memory.note_told(incident, now) if is_told else self._memory.give_back(incident))

    async def is_open(self, incident: str) -> bool:
        """Whether it may be open: true as of a few seconds ago, and at once for what this process began."""
        if self._stored is None or incident in await self._memory.open_names():
            return incident in await self._memory.open_names()
        async with self._reading:
            if self._read_at is None or self._monotonic() - self._read_at >= NAMES_FRESH_S:
                self._read_at = self._monotonic()
                # what begins while the answer is on its way is added to the new set
                before, self._names = self._names, set()
                try:
                    self._names |= set(await self._stored.open_names())
                except TollgateError as error:
                    self._names |= before
                    _say("read", incident, error)
        return incident in self._names

    async def begin_end(self, incident: str, now: datetime) -> CloseDecision:
        """What the caller is to do about an incident that is over."""
        if self._stored is None:
            return await self._memory.begin_end(incident, now, TELLING_FOR)
        try:
            ending = await self._stored.begin_end(incident, now, TELLING_FOR)
        except TollgateError as error:
            _say("end", incident, error)
            return await self._memory.begin_end(incident, now, TELLING_FOR)
        if ending is CloseDecision.NOTHING:
            self._names.discard(incident)
        if not self._memory.is_told(incident):
            return ending
        # known to people from here alone; that the stored one was being ended by another says the same of it
        return await self._memory.begin_end(incident, now, TELLING_FOR)

    async def note_end(self, incident: str, now: datetime, *, is_told: bool) -> None:
        """What came of telling people that it is over, or that nobody had to be told."""
        if is_told:
            self._names.discard(incident)
            self._memory.forget(incident)
        else:
            await self._memory.keep_open(incident)
        if self._stored is None:
            return
        try:
            await (self._stored.end(incident, now) if is_told else self._stored.keep_open(incident))
        except TollgateError as error:
            _say("end", incident, error)


def _say(step: str, incident: str, error: TollgateError) -> None:
    log.warning("alert.book_away", step=step, incident=incident, error=str(error))
