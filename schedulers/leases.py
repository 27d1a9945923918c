"""WHO may do a job: one process at a time, for as long as it says so again. Knows no job."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import StoreUnavailable
from core.supervisor import Supervisor
from database.operations import lease_ops

log = structlog.get_logger("tollgate.jobs")

#: a lease ends by itself after this; a crashed owner's work is taken over then
TTL = timedelta(seconds=30)
#: seconds between two renewals
RENEW_EVERY_S = 10.0


class Lease:
    """A lease that is held. In doubt it is not: a database that cannot be asked renews nothing."""

    def __init__(self, job: str, owner: str, clock: Clock, until: datetime) -> None:
        self.job = job
        self.owner = owner
        self._clock = clock
        self._until = until
        self._is_taken = False

    @property
    def is_lost(self) -> bool:
        """Another process may be doing the job by now."""
        return self._is_taken or self._clock.now() >= self._until

    async def keep(self, pulse: Callable[[float], Awaitable[None]]) -> None:
        """Renew it again and again, until somebody else has it."""
        while not self._is_taken:
            await pulse(RENEW_EVERY_S)
            now = self._clock.now()
            try:
                self._is_taken = not await lease_ops.renew(self.job, self.owner, now, TTL)
            except StoreUnavailable as error:
                log.warning("lease.not_renewed", job=self.job, error=str(error))
            else:
                self._until = now + TTL
        log.warning("lease.lost", job=self.job)


@asynccontextmanager
async def held(
    job: str, owner: str, clock: Clock, pulse: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[Lease | None]:
    """Hold the lease of `job` while the block runs; None when another owner has it. Raises StoreUnavailable."""
    now = clock.now()
    if not await lease_ops.take(job, owner, now, TTL):
        yield None
        return
    lease, tasks = Lease(job, owner, clock, now + TTL), Supervisor()
    tasks.spawn(lease.keep(pulse), f"lease {job}")
    try:
        yield lease
    finally:
        await tasks.close()
        await _release(lease, clock)


async def _release(lease: Lease, clock: Clock) -> None:
    try:
        await lease_ops.release(lease.job, lease.owner, clock.now())
    except StoreUnavailable as error:
        # it ends by itself
        log.warning("lease.not_released", job=lease.job, error=str(error))
