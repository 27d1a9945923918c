"""Every job of the house with its schedule, under the names the product's seed fixed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.clock import SystemClock
from core.jobs import RunReport
from database.batches import Bounds
from monitoring.alerts import Alerts
from schedulers.broadcast_deleter import BroadcastDeleter
from schedulers.message_deleter import MessageDeleter
from schedulers.runner import Job, Runner
from schedulers.schedule import Schedule, daily_at, every_full_hour, every_minute
from schedulers.scheduler import ScheduledJob, Timer
from schedulers.token_cleanup import TokenCleanup
from schedulers.token_count_reset import TokenCountReset


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
    #: what waiting for the database goes by
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def scheduled(self, job: Job, schedule: Schedule) -> ScheduledJob:
        runner = Runner(self.clock, self.owner, time_limit=self.time_limit, sleep=self.sleep)
        return ScheduledJob(job, schedule, runner, self.clock, self.timer)


async def _nobody(html: str) -> bool:
    """Alerts of a deleter made without owners to tell; the counts are in the report and the log."""
    return False


class JobScheduler:
    """What all schedulers of the house share: `start` and `stop` of one scheduled job."""

    scheduled: ScheduledJob

    def start(self) -> None:
        """Fire at every tick; needs a running event loop."""
        self.scheduled.start()

    def stop(self) -> None:
        """Fire no more; a run under way ends after its present step."""
        self.scheduled.stop()


class TokenCleanupScheduler(JobScheduler):
    """Token cleanup at TOKEN_CLEANUP_HOUR."""

    def __init__(self, context: JobContext) -> None:
        self.configure(context)

    def configure(self, context: JobContext) -> None:
        """Use the process's clock, zone, bounds and hours. Call it before `start`."""
        self.scheduled = context.scheduled(TokenCleanup(context.bounds), daily_at(context.cleanup_hours, context.zone))

    async def cleanup_expired_tokens(self) -> RunReport:
        """Delete expired used tokens now; needs only the open database, raises nothing ordinary."""
        return await self.scheduled.run_by_hand()


class TokenCountResetScheduler(JobScheduler):
    """Daily token counts go at midnight of TIMEZONE."""

    def __init__(self, context: JobContext) -> None:
        self.configure(context)

    def configure(self, context: JobContext) -> None:
        """Use the process's clock, zone and bounds. Call it before `start`."""
        job = TokenCountReset(context.bounds, context.zone)
        self.scheduled = context.scheduled(job, daily_at((0,), context.zone))

    async def reset_token_counts(self) -> RunReport:
        """Delete the counts of days gone by now; needs only the open database, raises nothing ordinary."""
        return await self.scheduled.run_by_hand()


class MessageDeleterScheduler(JobScheduler):
    """Due deliveries are taken back every minute."""

    def __init__(self, bot: Bot, context: JobContext, alerts: Alerts) -> None:
        self.scheduled = context.scheduled(MessageDeleter(bot, alerts, sleep=context.sleep), every_minute(context.zone))

    async def delete_due_messages(self) -> RunReport:
        """Take due deliveries back now; raises nothing ordinary."""
        return await self.scheduled.run_by_hand()


class BroadcastDeleterScheduler(JobScheduler):
    """Expired broadcasts are taken back every full hour."""

    def __init__(self, bot: Bot, context: JobContext) -> None:
        self.scheduled = context.scheduled(BroadcastDeleter(bot), every_full_hour(context.zone))

    async def delete_expired_broadcasts(self) -> RunReport:
        """Take expired broadcasts back now; raises nothing ordinary."""
        return await self.scheduled.run_by_hand()


def create_message_deleter_scheduler(
    bot: Bot, context: JobContext | None = None, alerts: Alerts | None = None
) -> MessageDeleterScheduler:
    """The message deleter for the bot that delivered; without `alerts` nobody is told of what stays."""
    return MessageDeleterScheduler(bot, context or JobContext(), alerts or Alerts(_nobody))


def create_broadcast_deleter_scheduler(bot: Bot, context: JobContext | None = None) -> BroadcastDeleterScheduler:
    """The broadcast deleter for the bot that sent the broadcasts."""
    return BroadcastDeleterScheduler(bot, context or JobContext())


token_cleanup_scheduler = TokenCleanupScheduler(JobContext())
token_count_reset_scheduler = TokenCountResetScheduler(JobContext())
