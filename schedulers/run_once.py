"""Running jobs in a process of their own, one after the other: the command `run`.

The command line imports it only for that command, because it imports the timer, the jobs and, for jobs that talk to
Telegram, aiogram, which takes seconds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from core.clock import SystemClock
from core.jobs import JobOutcome, JobRun, RunReport
from core.timing.job_times import JobTimes
from database.batches import Bounds
from database.operations import lease_ops, run_ops
from schedulers import registry
from schedulers.admission import PAUSED, by_hand, for_row
from schedulers.context import RUN_GRACE, JobContext, TelegramResources
from schedulers.factory import create_schedulers
from schedulers.job_scheduler import JobScheduler
from schedulers.requests import EXPIRES_AFTER
from schedulers.runner import Run

#: shows the progress of a job's run until the block ends; yields the function to call with the run when it starts
Watch = Callable[[str], AbstractAsyncContextManager[Callable[[Run], None]]]


@dataclass(frozen=True, slots=True)
class JobConfig:
    """What jobs take from the configuration."""

    zone: ZoneInfo
    times: JobTimes
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
    storage_channel_id: int | None = None
    backup_encrypt_to: str = ""
    is_posted: bool = False

    def context(self) -> JobContext:
        """Return the context of jobs that need no bot."""
        return JobContext(
            clock=SystemClock(),
            zone=self.zone,
            bounds=Bounds(batch_size=self.batch_size, timeout_s=self.timeout_s, pause_ms=self.pause_ms),
            time_limit=timedelta(seconds=self.timeout_s) + RUN_GRACE,
            times=self.times,
        )


class _Bots(Protocol):
    """`bots.py`."""

    def telegram(self, config: JobConfig) -> AbstractAsyncContextManager[TelegramResources]: ...


@asynccontextmanager
async def open_schedulers(jobs: Sequence[str], config: JobConfig) -> AsyncIterator[dict[str, JobScheduler]]:
    """Yield the schedulers of `jobs` by name, not started, with what they need open until the block ends."""
    context = config.context()
    rows = [row for row in registry.JOBS if row.name in jobs]
    if not any(row.needs_telegram for row in rows):
        yield create_schedulers(context, rows)
        return
    # imported only here: it imports aiogram
    bots = cast(_Bots, import_module("schedulers.bots"))
    async with bots.telegram(config) as telegram:
        yield create_schedulers(replace(context, telegram=telegram), rows)


async def run_all(
    jobs: Sequence[str],
    config: JobConfig,
    watch: Watch,
    notify: Callable[[RunReport], None],
    *,
    is_due: bool,
    even_paused: bool,
) -> bool:
    """Run `jobs` one after the other; call `notify` with each report. True when each succeeded.

    With `is_due` only requested runs, ticks without a run and work that is due; a job with nothing to do, or that
    another process runs, counts as a success. Paused jobs and switched off ones are passed over unless `even_paused`.
    """
    is_well = True
    async with open_schedulers(jobs, config) as found:
        for row in await _requested_runs(found) if is_due else ():
            ended = await found[row.job].runner.run(for_row(row), asyncio.Event())
            notify(ended)
            is_well = is_well and ended.outcome in (JobOutcome.SUCCEEDED, JobOutcome.SKIPPED)
        for job in jobs:
            report = None if even_paused else await _passed_over(found[job])
            may_skip = is_due or report is not None
            report = report or await _run(found[job], watch, is_due=is_due)
            notify(report)
            is_well = is_well and (
                report.outcome is JobOutcome.SUCCEEDED or (may_skip and report.outcome is JobOutcome.SKIPPED)
            )
    return is_well


async def _run(scheduler: JobScheduler, watch: Watch, *, is_due: bool) -> RunReport:
    async with watch(scheduler.name) as on_start:
        if not is_due:
            return await scheduler.runner.run(by_hand("cli"), on_start=on_start)
        report = await scheduler.run_when_due(on_start=on_start)
        return report or _skipped(scheduler.name)


async def _requested_runs(jobs: Mapping[str, JobScheduler]) -> list[JobRun]:
    """Return requested runs of `jobs` that wait to be started; those that waited too long are given up."""
    await run_ops.expire_requests(SystemClock().now(), EXPIRES_AFTER)
    return [row for row in await run_ops.find_requests() if row.job in jobs]


async def _passed_over(scheduler: JobScheduler) -> RunReport | None:
    """Return the report of a job that is paused or switched off; None when it is neither."""
    if scheduler.plan.off_by is not None:
        return _skipped(scheduler.name, scheduler.plan.in_words)
    lease = await lease_ops.find(scheduler.name)
    return None if lease is None or lease.paused_at is None else _skipped(scheduler.name, PAUSED)


def _skipped(job: str, why: str | None = None) -> RunReport:
    return RunReport(job, JobOutcome.SKIPPED, None, SystemClock().now(), timedelta(), error=why)
