"""Running jobs in a process of their own, one after the other: what the command line does with `run`.

The command line imports it when it is needed: with it come the timer, the jobs, and, for those that talk to Telegram,
aiogram, which takes seconds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from core import timetable
from core.clock import SystemClock
from core.jobs import JobOutcome, JobRun, RunReport
from database.batches import Bounds
from database.operations import lease_ops, run_ops
from schedulers.admission import PAUSED
from schedulers.registry import (
    RUN_GRACE,
    JobContext,
    JobScheduler,
    TokenCleanupScheduler,
    TokenCountResetScheduler,
    create_housekeeping_scheduler,
    create_statistics_scheduler,
)
from schedulers.requests import GIVE_UP_AFTER
from schedulers.runner import Run

#: tells the command line of a run that begins, until the block ends
Watch = Callable[[str], AbstractAsyncContextManager[Callable[[Run], None]]]


@dataclass(frozen=True, slots=True)
class JobConfig:
    """What jobs take from the configuration."""

    zone: ZoneInfo
    cleanup_hours: tuple[int, ...]
    batch_size: int
    timeout_s: float
    pause_ms: int
    data_dir: Path
    backup_keep: int
    user_token: SecretStr
    admin_token: SecretStr
    owner_ids: tuple[int, ...]
    api_url: str
    alert_webhook_url: SecretStr
    rate_per_s: float
    bulk_rate_per_s: float

    def context(self) -> JobContext:
        return JobContext(
            clock=SystemClock(),
            zone=self.zone,
            bounds=Bounds(batch_size=self.batch_size, timeout_s=self.timeout_s, pause_ms=self.pause_ms),
            time_limit=timedelta(seconds=self.timeout_s) + RUN_GRACE,
            cleanup_hours=self.cleanup_hours,
        )


class _Telegram(Protocol):
    """`by_hand_telegram.py`."""

    def schedulers(
        self, job_config: JobConfig, context: JobContext
    ) -> AbstractAsyncContextManager[dict[str, JobScheduler]]: ...


_NEED_NO_TELEGRAM: dict[str, Callable[[JobContext], JobScheduler]] = {
    timetable.TOKEN_CLEANUP: TokenCleanupScheduler,
    timetable.TOKEN_COUNT_RESET: TokenCountResetScheduler,
    timetable.STATISTICS: create_statistics_scheduler,
    timetable.HOUSEKEEPING: create_housekeeping_scheduler,
}


@asynccontextmanager
async def _schedulers(jobs: Sequence[str], job_config: JobConfig) -> AsyncIterator[dict[str, JobScheduler]]:
    """The schedulers of `jobs` by name, with whatever they need open until the block ends."""
    context = job_config.context()
    found = {job: make(context) for job, make in _NEED_NO_TELEGRAM.items() if job in jobs}
    if set(jobs) <= set(found):
        yield found
        return
    # imported only here: it imports aiogram
    telegram = cast(_Telegram, import_module("schedulers.run_once_telegram"))
    async with telegram.schedulers(job_config, context) as others:
        yield found | others


async def run_all(
    jobs: Sequence[str],
    job_config: JobConfig,
    watch: Watch,
    told: Callable[[RunReport], None],
    *,
    is_due: bool,
    even_paused: bool,
) -> bool:
    """Run `jobs` one after the other; `told` of each report. True when none failed and none was in other hands.

    With `is_due` only ticks nobody has run, what waits to be done, and first what somebody asked for; it is no failure
    when there is nothing, or another process is at it. A job that is paused is passed over unless `even_paused`.
    """
    is_well = True
    async with _schedulers(jobs, job_config) as found:
        for requested_run in await _requested_runs(found) if is_due else ():
            ended = await found[requested_run.job].run_requested(requested_run, asyncio.Event())
            told(ended)
            is_well = is_well and ended.outcome in (JobOutcome.SUCCEEDED, JobOutcome.SKIPPED)
        for job in jobs:
            report = None if even_paused else await _paused(job)
            if report is not None:
                told(report)
                continue
            async with watch(job) as begun:
                one = found[job]
                report = await (one.run_when_due(on_begin=begun) if is_due else one.run_by_hand("cli", on_begin=begun))
            told(report)
            is_well = is_well and (
                report.outcome is JobOutcome.SUCCEEDED or (is_due and report.outcome is JobOutcome.SKIPPED)
            )
    return is_well


async def _requested_runs(jobs: Mapping[str, JobScheduler]) -> list[JobRun]:
    """Runs asked for from elsewhere that nobody has begun; those that waited too long are given up."""
    await run_ops.expire_requests(SystemClock().now(), GIVE_UP_AFTER)
    return [requested_run for requested_run in await run_ops.find_requests() if requested_run.job in jobs]


async def _paused(job: str) -> RunReport | None:
    """What is told of a job that is paused; None when it is not."""
    lease = await lease_ops.find(job)
    if lease is None or lease.paused_at is None:
        return None
    return RunReport(job, JobOutcome.SKIPPED, None, lease.paused_at, timedelta(), error=PAUSED)
