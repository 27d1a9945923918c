"""Open incidents and claims on notifying them: stored for all processes, and in memory while the store is unavailable.

A claim gives one process the right to send the alert of an incident, or its all-clear, for CLAIM_FOR.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.health.incidents import CloseDecision

log = structlog.get_logger("tollgate.alerts")

#: how long a claim lasts; a process that has not finished by then is taken for dead, and another may claim
CLAIM_FOR = timedelta(minutes=1)
#: seconds the names of open incidents are cached: every delivery asks whether an incident is open
NAMES_FRESH_S = 10.0


class IncidentStore(Protocol):
    """Stores incidents, each call atomic (`database.operations.incident_ops`). Raises TollgateError on failure."""

    async def claim_open(self, incident: str, now: datetime, hold_for: timedelta) -> bool:
        """Open the incident, or claim an open one that was not notified; True: the caller has the claim."""
        ...

    async def mark_notified(self, incident: str, now: datetime) -> None:
        """Store it as open and notified, whatever was stored before."""
        ...

    async def release_open(self, incident: str) -> None:
        """Release the claim: the alert could not be delivered."""
        ...

    async def claim_close(self, incident: str, now: datetime, hold_for: timedelta) -> CloseDecision:
        """Claim the closing of an open incident."""
        ...

    async def close(self, incident: str, now: datetime) -> None:
        """Close it."""
        ...

    async def release_close(self, incident: str) -> None:
        """Release the claim on closing: the all-clear could not be delivered."""
        ...

    async def find_open(self) -> list[str]:
        """The open incidents, notified or not."""
        ...


@dataclass(slots=True)
class _Row:
    claimed_until: datetime | None
    is_notified: bool = False
    closing_until: datetime | None = None


class MemoryIncidentStore:
    """The incidents of one process."""

    def __init__(self) -> None:
        self._open: dict[str, _Row] = {}

    async def claim_open(self, incident: str, now: datetime, hold_for: timedelta) -> bool:
        row = self._open.get(incident)
        if row is not None and (row.is_notified or _is_held(row.claimed_until, now)):
            return False
        self._open[incident] = _Row(now + hold_for)
        return True

    async def mark_notified(self, incident: str, now: datetime) -> None:
        self._open.setdefault(incident, _Row(None)).is_notified = True

    async def release_open(self, incident: str) -> None:
        self.forget(incident)

    async def claim_close(self, incident: str, now: datetime, hold_for: timedelta) -> CloseDecision:
        row = self._open.get(incident)
        if row is None or _is_held(row.closing_until, now):
            return CloseDecision.NOTHING
        if not row.is_notified:
            return CloseDecision.NOTHING if _is_held(row.claimed_until, now) else CloseDecision.QUIET
        row.closing_until = now + hold_for
        return CloseDecision.NOTIFY

    async def close(self, incident: str, now: datetime) -> None:
        self.forget(incident)

    async def release_close(self, incident: str) -> None:
        if incident in self._open:
            self._open[incident].closing_until = None

    async def find_open(self) -> list[str]:
        return list(self._open)

    def forget(self, incident: str) -> None:
        """Remove it; an unknown one is ignored."""
        self._open.pop(incident, None)

    def is_notified(self, incident: str) -> bool:
        """Whether it is open and its alert was delivered."""
        return incident in self._open and self._open[incident].is_notified


def _is_held(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until


class SharedIncidentStore:
    """The stored incidents, with those that could not be stored in memory: an outage of the store is an incident, too.

    Failures of the store are logged, never raised. Without a store everything is in memory.
    """

    def __init__(self, stored: IncidentStore | None, clock: Clock) -> None:
        self._stored = stored
        self._memory = MemoryIncidentStore()
        self._clock = clock
        self._names: set[str] = set()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def claim_open(self, incident: str, now: datetime) -> bool:
        """Open the incident if it is not; True: the caller has to send the alert and call `finish_open`."""
        if self._stored is None:
            return await self._memory.claim_open(incident, now, CLAIM_FOR)
        try:
            has_claim = await self._stored.claim_open(incident, now, CLAIM_FOR)
            self._names.add(incident)
            if not self._memory.is_notified(incident):
                return has_claim
            # notified while the store was unavailable: store that now
            await self._stored.mark_notified(incident, now)
            self._memory.forget(incident)
        except TollgateError as error:
            _log_unavailable("open", incident, error)
            return await self._memory.claim_open(incident, now, CLAIM_FOR)
        return False

    async def finish_open(self, incident: str, now: datetime, *, is_notified: bool) -> None:
        """Store whether the alert reached anyone."""
        self._names.add(incident)
        if self._stored is not None:
            try:
                await (
                    self._stored.mark_notified(incident, now) if is_notified else self._stored.release_open(incident)
                )
            except TollgateError as error:
                _log_unavailable("finish_open", incident, error)
            else:
                self._memory.forget(incident)
                return
        await (self._memory.mark_notified(incident, now) if is_notified else self._memory.release_open(incident))

    async def is_open(self, incident: str) -> bool:
        """Whether it may be open: at once for incidents of this process, up to NAMES_FRESH_S late for others."""
        if self._stored is None or incident in await self._memory.find_open():
            return incident in await self._memory.find_open()
        async with self._reading:
            if self._read_at is None or self._clock.monotonic() - self._read_at >= NAMES_FRESH_S:
                self._read_at = self._clock.monotonic()
                # incidents that open while the query runs are added to the new set
                before, self._names = self._names, set()
                try:
                    stored = await self._stored.find_open()
                    self._names |= set(stored)
                except TollgateError as error:
                    self._names |= before
                    _log_unavailable("read", incident, error)
        return incident in self._names

    async def claim_close(self, incident: str, now: datetime) -> CloseDecision:
        """Claim the closing of an incident. Unless NOTHING is returned, the caller has to call `finish_close`."""
        if self._stored is None:
            return await self._memory.claim_close(incident, now, CLAIM_FOR)
        try:
            decision = await self._stored.claim_close(incident, now, CLAIM_FOR)
        except TollgateError as error:
            _log_unavailable("close", incident, error)
            return await self._memory.claim_close(incident, now, CLAIM_FOR)
        if decision is CloseDecision.NOTHING:
            self._names.discard(incident)
        if not self._memory.is_notified(incident):
            return decision
        # only this process notified it, so only this process can give the all-clear, whatever is stored
        return await self._memory.claim_close(incident, now, CLAIM_FOR)

    async def finish_close(self, incident: str, now: datetime, *, is_notified: bool) -> None:
        """Close the incident, or keep it open when its all-clear could not be delivered (`is_notified` False)."""
        if is_notified:
            self._names.discard(incident)
            self._memory.forget(incident)
        else:
            await self._memory.release_close(incident)
        if self._stored is None:
            return
        try:
            await (self._stored.close(incident, now) if is_notified else self._stored.release_close(incident))
        except TollgateError as error:
            _log_unavailable("finish_close", incident, error)


def _log_unavailable(step: str, incident: str, error: TollgateError) -> None:
    log.warning("alert.store_unavailable", step=step, incident=incident, error=str(error))
