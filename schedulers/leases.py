"""WHO may do a job: one run at a time, for as long as it says so again. Knows no job."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.retries import retry_while_unavailable
from core.supervisor import Supervisor
from database.operations import lease_ops

log = structlog.get_logger("tollgate.jobs")

Pause = Callable[[float], Awaitable[None]]

#: a lease ends by itself after this; a crashed owner's work is taken over then
TTL = timedelta(seconds=30)
#: seconds between two renewals: a third of it
RENEW_EVERY_S = TTL.total_seconds() / 3


class Lease:
    """A lease that is held. In doubt it is not: a database that cannot be asked renews nothing."""

    def __init__(self, job: str, owner: str, clock: Clock, until: datetime, fence: int = 0) -> None:
        self.job = job
        self.owner = owner
        #: the number of this taking; whoever takes it next has a higher one
        self.fence = fence
        #: another owner is known to have it
        self.is_taken = False
        self._clock = clock
        self._until = until

    @property
    def is_lost(self) -> bool:
        """Another process may be doing the job by now."""
        return self.is_taken or self._clock.now() >= self._until

    async def keep(self, pulse: Pause) -> None:
        """Renew it again and again, until somebody else has it."""
        while not self.is_taken:
            await pulse(RENEW_EVERY_S)
            now = self._clock.now()
            try:
                self.is_taken = not await lease_ops.renew(self.job, self.owner, now, TTL)
            except TollgateError as error:
                log.warning("lease.not_renewed", job=self.job, error=str(error))
            else:
                self._until = now + TTL
        log.warning("lease.lost", job=self.job, fence=self.fence)


@asynccontextmanager
async def held(
    job: str,
    owner: str,
    clock: Clock,
    pulse: Pause = asyncio.sleep,
    *,
    even_paused: bool = False,
    pauses_s: Sequence[float] = (),
    sleep: Pause = asyncio.sleep,
) -> AsyncIterator[Lease | None]:
    """Hold the lease of `job` while the block runs; None when another owner has it, or the job is paused.

    While the database is away it is asked again after each of `pauses_s`. Raises StoreUnavailable when it stays away.
    """

    async def take() -> Lease | None:
        now = clock.now()
        fence = await lease_ops.take(job, owner, now, TTL, even_paused=even_paused)
        return None if fence is None else Lease(job, owner, clock, now + TTL, fence)

    lease = await retry_while_unavailable(take, pauses_s, sleep=sleep)
    if lease is None:
        yield None
        return
    tasks = Supervisor()
    tasks.spawn(lease.keep(pulse), f"lease {job}")
    try:
        yield lease
    finally:
        await tasks.close()
        await _release(lease, clock)


async def _release(lease: Lease, clock: Clock) -> None:
    try:
        await lease_ops.release(lease.job, lease.owner, clock.now())
    except TollgateError as error:
        # it ends by itself
        log.warning("lease.not_released", job=lease.job, error=str(error))
