"""A trigger that starts requested runs: rows written by the admin bot, the page or the API wait for a process."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.jobs import JobRun
from core.supervisor import Supervisor
from database.operations import run_ops
from schedulers.admission import for_row
from schedulers.runner import Runner

log = structlog.get_logger("tollgate.jobs")

#: poll interval, in seconds
POLL_EVERY_S = 2.0
#: a request that no process could start expires after this; the person who made it no longer expects the run
EXPIRES_AFTER = timedelta(minutes=10)
#: interval between two searches for expired requests
EXPIRE_EVERY = timedelta(minutes=1)


class RequestTrigger:
    """One poll loop for all jobs of a process. `start` and `stop` need a running event loop.

    Several processes poll: the lease and the row decide which one runs it. While another run of the job is in progress
    the request waits for a later poll; it is not started twice.
    """

    def __init__(self, runners: Mapping[str, Runner], clock: Clock) -> None:
        """`runners` by the name of their job."""
        self._runners = runners
        self._clock = clock
        self._tasks = Supervisor()
        self._stopping = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self._running: set[str] = set()
        self._expired_at: datetime | None = None

    def start(self) -> None:
        """Poll from now on; a second start does nothing, nor does one without jobs."""
        if self._polling is None and self._runners:
            self._stopping.clear()
            self._polling = self._tasks.keep_running(self._poll, "requested runs", self._clock)

    def stop(self) -> None:
        """Poll no more; ask runs in progress to finish their present step. `ended` waits for them."""
        self._stopping.set()
        if self._polling is not None:
            self._polling.cancel()
            self._polling = None

    async def ended(self, wait_s: float = 10.0) -> None:
        """Wait for the runs in progress, then cancel them; their outcomes are in their rows either way."""
        await self._tasks.close(wait_s)

    async def _poll(self) -> None:
        while True:
            try:
                await self._start_all()
            except TollgateError as error:
                log.warning("job.requests_not_polled", error=type(error).__name__)
            await self._clock.sleep(POLL_EVERY_S)

    async def _start_all(self) -> None:
        """Start waiting requests: of each job one at a time, different jobs concurrently."""
        now = self._clock.now()
        if self._expired_at is None or not timedelta() <= now - self._expired_at < EXPIRE_EVERY:
            if expired := await run_ops.expire_requests(now, EXPIRES_AFTER):
                log.warning("job.requests_expired", count=expired)
            self._expired_at = now
        for row in await run_ops.find_requests():
            if row.job in self._runners and row.job not in self._running:
                self._running.add(row.job)
                self._tasks.spawn(self._run(row), f"requested {row.job}")

    async def _run(self, row: JobRun) -> None:
        try:
            await self._runners[row.job].run(for_row(row), self._stopping)
        finally:
            self._running.discard(row.job)
