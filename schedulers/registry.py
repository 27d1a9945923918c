"""The jobs that need nothing but the database, and what all schedulers share. Imports no Telegram library.

Those that need a bot stand in `telegram_registry.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import SystemClock
from core.jobs import JobRun, RunReport
from core.schedules import Schedule
from core.timetable import Plan, timetable
from database.batches import Bounds
from schedulers.jobs.housekeeping import Housekeeping
from schedulers.jobs.statistics import Statistics
from schedulers.jobs.token_cleanup import TokenCleanup
from schedulers.jobs.token_count_reset import TokenCountReset
from schedulers.leases import Pause
from schedulers.polling import PolledJob
from schedulers.runner import Job, Run, Runner
from schedulers.scheduler import ScheduledJob, Timer

#: what a run may take beyond CLEANUP_TIMEOUT_SECONDS, where a bulk delete ends by itself
RUN_GRACE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What all jobs of one process share. The defaults suit running a job by hand."""

    clock: SystemClock = field(default_factory=SystemClock)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    #: of every bulk delete
    bounds: Bounds = field(default_factory=Bounds)
    #: of every run
    time_limit: timedelta = timedelta(seconds=300)
    cleanup_hours: tuple[int, ...] = (0, 12)
    #: empty: this process's own name
    owner: str = ""
    timer: Timer = field(default_factory=Timer)
    #: a tick waits for a random part of it, so that several processes do not ask for its lease at once
    jitter: timedelta = timedelta()
    #: what waiting for the database and for Telegram goes by
    sleep: Pause = asyncio.sleep
    #: what goes on every few seconds by itself: looks at what is due, renewed leases
    pulse: Pause = asyncio.sleep

    def plans(self) -> dict[str, Plan]:
        """When each job runs, by its name."""
        return timetable(self.zone, self.cleanup_hours)

    def scheduled(
        self, job: Job, schedule: Schedule | None = None, time_limit: timedelta | None = None
    ) -> ScheduledJob:
        """Runs at its ticks: those of `schedule`, or of its plan. Raises KeyError when it has neither."""
        schedule = schedule or self.plans()[job.name].schedule
        if schedule is None:
            raise KeyError(job.name)
        runner = self._runner(time_limit or self.time_limit)
        return ScheduledJob(job, schedule, runner, self.clock, self.timer, jitter=self.jitter, pulse=self.pulse)

    def watched(
        self,
        job: Job,
        is_due: Callable[[datetime], Awaitable[bool]],
        time_limit: timedelta | None = None,
    ) -> PolledJob:
        """Runs when there is something to do."""
        return PolledJob(job, is_due, self._runner(time_limit or self.time_limit), self.clock, pulse=self.pulse)

    def _runner(self, time_limit: timedelta) -> Runner:
        return Runner(self.clock, self.owner, time_limit=time_limit, sleep=self.sleep, pulse=self.pulse)


class JobScheduler:
    """What all schedulers of the house share: `start` and `stop` of one job."""

    #: fires it, or sees that something is due
    scheduled: ScheduledJob | PolledJob

    @property
    def name(self) -> str:
        return self.scheduled.job.name

    def in_words(self) -> str:
        """When it runs."""
        return self.scheduled.in_words()

    def start(self) -> None:
        """Run it at its times; needs a running event loop."""
        self.scheduled.start()

    def stop(self) -> None:
        """Start no more runs; one under way ends after its present step."""
        self.scheduled.stop()

    async def ended(self, wait_s: float = 10.0) -> None:
        """Wait for the run under way, then cancel it."""
        await self.scheduled.ended(wait_s)

    async def run_by_hand(
        self, requested_by: str = "hand", *, on_begin: Callable[[Run], None] | None = None
    ) -> RunReport:
        """Run it once, now, also while it is paused; raises nothing ordinary."""
        return await self.scheduled.run_by_hand(requested_by, on_begin=on_begin)

    async def run_when_due(self, *, on_begin: Callable[[Run], None] | None = None) -> RunReport:
        """Run its latest tick unless that had its run, or what is due; raises nothing ordinary.

        Skipped as any tick is: while another run is under way, and while it is paused.
        """
        return await self.scheduled.run_when_due(on_begin=on_begin)

    async def run_requested(self, requested_run: JobRun, stopping: asyncio.Event) -> RunReport:
        """Run it for the row that waits for it, also while it is paused; raises nothing ordinary."""
        return await self.scheduled.run_requested(requested_run, stopping)


class OrdinaryScheduler(JobScheduler):
    """A job at the ticks of its plan."""

    def __init__(self, job: Job, context: JobContext, time_limit: timedelta | None = None) -> None:
        self.scheduled = context.scheduled(job, time_limit=time_limit)


class TokenCleanupScheduler(JobScheduler):
    """Token cleanup at TOKEN_CLEANUP_HOUR."""

    def __init__(self, context: JobContext) -> None:
        self.configure(context)

    def configure(self, context: JobContext) -> None:
        """Use the process's clock, zone, bounds and hours. Call it before `start`."""
        self.scheduled = context.scheduled(TokenCleanup(context.bounds))

    async def cleanup_expired_tokens(self) -> RunReport:
        """Delete expired used tokens now; needs only the open database, raises nothing ordinary."""
        return await self.run_by_hand()


class TokenCountResetScheduler(JobScheduler):
    """Daily token counts go at midnight of TIMEZONE."""

    def __init__(self, context: JobContext) -> None:
        self.configure(context)

    def configure(self, context: JobContext) -> None:
        """Use the process's clock, zone and bounds. Call it before `start`."""
        self.scheduled = context.scheduled(TokenCountReset(context.bounds, context.zone))

    async def reset_token_counts(self) -> RunReport:
        """Delete the counts of days gone by now; needs only the open database, raises nothing ordinary."""
        return await self.run_by_hand()


def create_housekeeping_scheduler(context: JobContext | None = None) -> JobScheduler:
    """Old history and what belongs to nobody goes every night."""
    context = context or JobContext()
    return OrdinaryScheduler(Housekeeping(context.bounds, context.zone), context)


def create_statistics_scheduler(context: JobContext | None = None) -> JobScheduler:
    """The day's numbers are counted every six hours."""
    context = context or JobContext()
    return OrdinaryScheduler(Statistics(context.zone, context.bounds), context)


token_cleanup_scheduler = TokenCleanupScheduler(JobContext())
token_count_reset_scheduler = TokenCountResetScheduler(JobContext())
