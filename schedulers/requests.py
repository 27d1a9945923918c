"""Runs somebody asked for, from the admin bot, the page or the API: rows that wait for a process that runs the job."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.jobs import JobRun, RunReport
from core.supervisor import Supervisor
from database.operations import run_ops
from schedulers.leases import Pause

log = structlog.get_logger("tollgate.jobs")

#: seconds between two looks
LOOK_EVERY_S = 2.0
#: a wish nobody could begin is given up after this: whoever made it expects nothing any more
GIVE_UP_AFTER = timedelta(minutes=10)
#: between two looks for wishes that are to be given up
GIVE_UP_EVERY = timedelta(minutes=1)


class Requested(Protocol):
    """A job that can be run for a row that waits for it."""

    async def run_requested(self, requested_run: JobRun, stopping: asyncio.Event) -> RunReport: ...


class Requests:
    """One loop for all jobs of a process. `start` and `stop` need a running event loop.

    Several processes look: the lease and the row decide who runs it. While another run of the job is under way it
    waits, and is looked at again; it is not begun twice.
    """

    def __init__(self, jobs: Mapping[str, Requested], clock: Clock, *, pulse: Pause = asyncio.sleep) -> None:
        self._jobs = jobs
        self._clock = clock
        self._pulse = pulse
        self._tasks = Supervisor()
        self._stopping = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._at_work: set[str] = set()
        self._gave_up_at: datetime | None = None

    def start(self) -> None:
        """Look from now on; a second start does nothing, nor does one without jobs."""
        if self._looking is None and self._jobs:
            self._stopping.clear()
            self._looking = self._tasks.spawn(self._look(), "requested runs")

    def stop(self) -> None:
        """Look no more and ask runs under way to end after their present step; `ended` waits for them."""
        self._stopping.set()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def ended(self, wait_s: float = 10.0) -> None:
        """Wait for the runs under way, then cancel them; their outcomes are in their rows either way."""
        await self._tasks.close(wait_s)

    async def _look(self) -> None:
        while True:
            try:
                await self._begin_all()
            except TollgateError as error:
                log.warning("job.requests_not_seen", error=type(error).__name__)
            await self._pulse(LOOK_EVERY_S)

    async def _begin_all(self) -> None:
        """Begin what waits; of each job one at a time, different jobs side by side."""
        now = self._clock.now()
        if self._gave_up_at is None or not timedelta() <= now - self._gave_up_at < GIVE_UP_EVERY:
            if given_up := await run_ops.expire_requests(now, GIVE_UP_AFTER):
                log.warning("job.requests_given_up", count=given_up)
            self._gave_up_at = now
        for requested_run in await run_ops.find_requests():
            if requested_run.job in self._jobs and requested_run.job not in self._at_work:
                self._at_work.add(requested_run.job)
                self._tasks.spawn(self._run(requested_run), f"requested {requested_run.job}")

    async def _run(self, requested_run: JobRun) -> None:
        try:
            await self._jobs[requested_run.job].run_requested(requested_run, self._stopping)
        finally:
            self._at_work.discard(requested_run.job)
