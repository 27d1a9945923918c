"""Every job of the house with its schedule, under the names the product's seed fixed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.clock import SystemClock
from core.jobs import RunReport
from database.batches import Bounds
from monitoring.alerts import Alerts
from schedulers import broadcast_deleter, broadcast_sender
from schedulers.broadcast_deleter import BroadcastDeleter
from schedulers.broadcast_sender import BroadcastSender
from schedulers.message_deleter import MessageDeleter
from schedulers.runner import Job, Runner
from schedulers.schedule import Schedule, daily_at, every_full_hour, every_minute
from schedulers.scheduler import ScheduledJob, Timer
from schedulers.token_cleanup import TokenCleanup
from schedulers.token_count_reset import TokenCountReset
from schedulers.watching import WatchedJob
from sender.gate import Gate


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
    #: what waiting for the database and for Telegram goes by
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    #: what goes on every few seconds by itself: looks at what is due, renewed leases
    pulse: Callable[[float], Awaitable[None]] = asyncio.sleep

    def scheduled(self, job: Job, schedule: Schedule) -> ScheduledJob:
        """Runs at its ticks."""
        return ScheduledJob(job, schedule, self._runner(self.time_limit), self.clock, self.timer)

    def watched(
        self,
        job: Job,
        is_due: Callable[[datetime], Awaitable[bool]],
        time_limit: timedelta | None = None,
    ) -> WatchedJob:
        """Runs when there is something to do."""
        return WatchedJob(job, is_due, self._runner(time_limit or self.time_limit), self.clock, pulse=self.pulse)

    def _runner(self, time_limit: timedelta) -> Runner:
        return Runner(self.clock, self.owner, time_limit=time_limit, sleep=self.sleep)


async def _nobody(html: str) -> bool:
    """Alerts of a deleter made without owners to tell; the counts are in the report and the log."""
    return False


class JobScheduler:
    """What all schedulers of the house share: `start` and `stop` of one job."""

    #: fires it, or sees that something is due
    scheduled: ScheduledJob | WatchedJob

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
    """Broadcasts are taken back every full hour, and when one is due or an admin wants it."""

    def __init__(self, bot: Bot, context: JobContext) -> None:
        job = BroadcastDeleter(bot, context.bounds, context.zone, sleep=context.sleep, pulse=context.pulse)
        self.scheduled = context.scheduled(job, every_full_hour(context.zone))
        self._watched = context.watched(job, broadcast_deleter.has_work)

    def in_words(self) -> str:
        return f"{self.scheduled.in_words()}, and when one is due"

    def start(self) -> None:
        super().start()
        self._watched.start()

    def stop(self) -> None:
        self._watched.stop()
        super().stop()

    async def ended(self, wait_s: float = 10.0) -> None:
        await asyncio.gather(super().ended(wait_s), self._watched.ended(wait_s))

    async def delete_expired_broadcasts(self) -> RunReport:
        """Take expired broadcasts back now; raises nothing ordinary."""
        return await self.scheduled.run_by_hand()


class BroadcastSenderScheduler(JobScheduler):
    """Broadcasts are sent as soon as one is due."""

    def __init__(self, bot: Bot, gate: Gate, context: JobContext) -> None:
        job = BroadcastSender(bot, gate, sleep=context.sleep, pulse=context.pulse)
        self.scheduled = context.watched(job, broadcast_sender.has_work, broadcast_sender.TIME_LIMIT)

    async def send_due_broadcasts(self) -> RunReport:
        """Send what is due now, for a few minutes at most; raises nothing ordinary."""
        return await self.scheduled.run_by_hand()


def create_message_deleter_scheduler(
    bot: Bot, context: JobContext | None = None, alerts: Alerts | None = None
) -> MessageDeleterScheduler:
    """The message deleter for the bot that delivered; without `alerts` nobody is told of what stays."""
    return MessageDeleterScheduler(bot, context or JobContext(), alerts or Alerts(_nobody))


def create_broadcast_deleter_scheduler(bot: Bot, context: JobContext | None = None) -> BroadcastDeleterScheduler:
    """The broadcast deleter for the bot that sent the broadcasts."""
    return BroadcastDeleterScheduler(bot, context or JobContext())


def create_broadcast_sender_scheduler(
    bot: Bot, gate: Gate, context: JobContext | None = None
) -> BroadcastSenderScheduler:
    """The broadcast sender for the bot subscribers know; `gate` is that bot's."""
    return BroadcastSenderScheduler(bot, gate, context or JobContext())


token_cleanup_scheduler = TokenCleanupScheduler(JobContext())
token_count_reset_scheduler = TokenCountResetScheduler(JobContext())
