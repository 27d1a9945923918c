"""Runs of jobs, for every subject that starts one: requesting a run, and reading a job's runs with its lease."""

import asyncio
from enum import Enum, auto

from admin_bot.audit import note
from core.clock import Clock
from core.jobs import JobRun, LeaseRow
from database.operations import lease_ops, run_ops

#: attempts to read runs and lease in one state; the last attempt is used as it is
READ_ATTEMPTS = 2


class Requested(Enum):
    """What became of a request for a run. A closed list."""

    #: the next free process starts it
    NEW = auto()
    #: an earlier request still waits; both are one run
    WAITING_ALREADY = auto()
    #: the job is running; the requested run starts after it
    AFTER_RUNNING = auto()


class JobRuns:
    """Runs are requested as rows in `job_runs`; the processes that run the jobs poll for them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: of two concurrent requests the second has to see the row of the first
        self._requesting = asyncio.Lock()

    async def request(self, admin_id: int, job: str) -> Requested:
        """Request a run and write it to the audit log. Idempotent while the run waits to be started.

        Raises StoreUnavailable; then it may be repeated.
        """
        async with self._requesting:
            now = self._clock.now()
            is_waiting = any(run.job == job for run in await run_ops.find_requests())
            lease = await lease_ops.find(job)
            run_id = await run_ops.request_run(job, now, admin_id)
        await note(now, admin_id, "job.run", job, None, {"run": run_id})
        if is_waiting:
            return Requested.WAITING_ALREADY
        return Requested.AFTER_RUNNING if lease is not None and lease.is_held(now) else Requested.NEW

    async def read(self, job: str, limit: int) -> tuple[list[JobRun], LeaseRow | None]:
        """Return the last runs of a job, the latest first, and its lease.

        Two reads, repeated once: a run that starts or ends between them must not look abandoned.
        """
        for _ in range(READ_ATTEMPTS):
            lease = await lease_ops.find(job)
            runs = await run_ops.last_runs(limit, job)
            if not any(run.is_running for run in runs) or (lease is not None and lease.is_held(self._clock.now())):
                break
        return runs, lease
