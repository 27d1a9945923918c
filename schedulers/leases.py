"""WHO may run a job: one run at a time, for as long as its lease is renewed. Imports no job."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.health.clocks import is_too_far
from core.retries import retry_while_unavailable
from core.supervisor import Supervisor
from database.connection import current_database
from database.operations import lease_ops

log = structlog.get_logger("tollgate.jobs")

#: a lease expires after this unless it is renewed; then another process takes over a crashed owner's work
TTL = timedelta(seconds=30)
#: seconds between two renewals: a third of TTL
RENEW_EVERY_S = TTL.total_seconds() / 3


class Lease:
    """A lease this process holds. In doubt it is lost: it also expires while the database cannot be asked."""

    def __init__(self, job: str, owner: str, clock: Clock, until: datetime, fence: int = 0) -> None:
        self.job = job
        self.owner = owner
        #: fencing token; the next owner has a higher one
        self.fence = fence
        #: a renewal found another owner, or this machine's clock is wrong: another may believe the lease has run out
        self.is_taken = False
        self._clock = clock
        self._until = until

    @property
    def is_lost(self) -> bool:
        """True when another process may be running the job."""
        return self.is_taken or self._clock.now() >= self._until

    async def keep(self) -> None:
        """Renew it every RENEW_EVERY_S seconds until another owner has it."""
        while not self.is_taken:
            await self._clock.sleep(RENEW_EVERY_S)
            now = self._clock.now()
            try:
                self.is_taken = not await lease_ops.renew(self.job, self.owner, now, TTL) or await _is_clock_wrong()
            except TollgateError as error:
                log.warning("lease.not_renewed", job=self.job, error=str(error))
            else:
                self._until = now + TTL
        log.warning("lease.lost", job=self.job, fence=self.fence)


@asynccontextmanager
async def held(
    job: str, owner: str, clock: Clock, *, even_paused: bool = False, pauses_s: Sequence[float] = ()
) -> AsyncIterator[Lease | None]:
    """Hold the lease of `job` while the block runs; None when another owner has it, or the job is paused.

    None also while this machine's clock is too far from the database's (`core.health.clocks.APART_MAX`), and half a
    minute after it was set: it could otherwise take a lease on which its owner still counts.
    While the database is away it is asked again after each of `pauses_s`. Raises StoreUnavailable when it stays away.
    """

    async def take() -> Lease | None:
        if await _is_clock_wrong() or current_database().clocks.is_settling:
            return None
        now = clock.now()
        fence = await lease_ops.take(job, owner, now, TTL, even_paused=even_paused)
        return None if fence is None else Lease(job, owner, clock, now + TTL, fence)

    lease = await retry_while_unavailable(take, clock, pauses_s)
    if lease is None:
        yield None
        return
    tasks = Supervisor()
    tasks.keep_running(lease.keep, f"lease {job}", clock)
    try:
        yield lease
    finally:
        await tasks.close()
        await _release(lease, clock)


async def _is_clock_wrong() -> bool:
    return is_too_far(await current_database().clocks.measure())


async def _release(lease: Lease, clock: Clock) -> None:
    try:
        await lease_ops.release(lease.job, lease.owner, clock.now())
    except TollgateError as error:
        # it expires by itself
        log.warning("lease.not_released", job=lease.job, error=str(error))
