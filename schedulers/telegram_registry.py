"""The jobs that talk to Telegram: importing this imports aiogram, which takes seconds."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from aiogram import Bot
from aiogram.types import FSInputFile

from core.jobs import JobOutcome, RunReport
from database.connection import current_database
from monitoring.alerts import Alerts
from schedulers.jobs import backup, broadcast_deleter, broadcast_sender
from schedulers.jobs.backup import Backup, Send
from schedulers.jobs.broadcast_deleter import BroadcastDeleter
from schedulers.jobs.broadcast_sender import BroadcastSender
from schedulers.jobs.health_bots import bot_probe
from schedulers.jobs.health_check import HealthCheck
from schedulers.jobs.message_deleter import MessageDeleter
from schedulers.registry import JobContext, JobScheduler, OrdinaryScheduler
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS
from sender.lanes import Lane, in_lane
from sender.send_limiter import SendLimiter


async def _nobody(html: str) -> bool:
    """Alerts of a deleter made without owners to tell; the counts are in the report and the log."""
    return False


class MessageDeleterScheduler(JobScheduler):
    """Due deliveries are taken back every minute."""

    def __init__(self, bot: Bot, context: JobContext, alerts: Alerts) -> None:
        self.scheduled = context.scheduled(MessageDeleter(bot, alerts, sleep=context.sleep))

    async def delete_due_messages(self) -> RunReport:
        """Take due deliveries back now; raises nothing ordinary."""
        return await self.run_by_hand()


class BroadcastDeleterScheduler(JobScheduler):
    """Broadcasts are taken back every full hour, and when one is due or an admin wants it."""

    def __init__(self, bot: Bot, context: JobContext) -> None:
        job = BroadcastDeleter(bot, context.bounds, context.zone, sleep=context.sleep)
        self.scheduled = context.scheduled(job)
        self._watched = context.watched(job, broadcast_deleter.has_work)
        self._words = context.plans()[job.name].in_words

    def in_words(self) -> str:
        return self._words

    def start(self) -> None:
        super().start()
        self._watched.start()

    def stop(self) -> None:
        self._watched.stop()
        super().stop()

    async def ended(self, wait_s: float = 10.0) -> None:
        await asyncio.gather(super().ended(wait_s), self._watched.ended(wait_s))

    async def run_when_due(self, *, on_begin: Callable[[Run], None] | None = None) -> RunReport:
        """Run its latest tick unless that had its run, else what is due between two."""
        report = await super().run_when_due(on_begin=on_begin)
        if report.outcome is not JobOutcome.SKIPPED:
            return report
        return await self._watched.run_when_due(on_begin=on_begin)

    async def delete_expired_broadcasts(self) -> RunReport:
        """Take expired broadcasts back now; raises nothing ordinary."""
        return await self.run_by_hand()


class BroadcastSenderScheduler(JobScheduler):
    """Broadcasts are sent as soon as one is due."""

    def __init__(self, bot: Bot, limiter: SendLimiter, context: JobContext) -> None:
        job = BroadcastSender(bot, limiter, sleep=context.sleep, pulse=context.pulse)
        self.scheduled = context.watched(job, broadcast_sender.has_work, broadcast_sender.TIME_LIMIT)

    async def send_due_broadcasts(self) -> RunReport:
        """Send what is due now, for a few minutes at most; raises nothing ordinary."""
        return await self.run_by_hand()


def create_message_deleter_scheduler(
    bot: Bot, context: JobContext | None = None, alerts: Alerts | None = None
) -> MessageDeleterScheduler:
    """The message deleter for the bot that delivered; without `alerts` nobody is told of what stays."""
    return MessageDeleterScheduler(bot, context or JobContext(), alerts or Alerts(_nobody))


def create_broadcast_deleter_scheduler(bot: Bot, context: JobContext | None = None) -> BroadcastDeleterScheduler:
    """The broadcast deleter for the bot that sent the broadcasts."""
    return BroadcastDeleterScheduler(bot, context or JobContext())


def create_broadcast_sender_scheduler(
    bot: Bot, limiter: SendLimiter, context: JobContext | None = None
) -> BroadcastSenderScheduler:
    """The broadcast sender for the bot subscribers know; `limiter` is that bot's."""
    return BroadcastSenderScheduler(bot, limiter, context or JobContext())


def create_backup_scheduler(
    folder: Path, keep: int, send: Send | None = None, context: JobContext | None = None
) -> JobScheduler:
    """A backup every night into `folder`; `send` hands it to the owners when the settings say so."""
    context = context or JobContext()
    return OrdinaryScheduler(Backup(folder, keep, send, sleep=context.sleep), context, backup.TIME_LIMIT)


def create_health_check_scheduler(
    user_bot: Bot, admin_bot: Bot, alerts: Alerts, context: JobContext | None = None
) -> JobScheduler:
    """Both bots, the open database and the other jobs are looked at every minute; `alerts` tells of what is wrong."""
    context = context or JobContext()
    bots = (bot_probe("user_bot", user_bot), bot_probe("admin_bot", admin_bot))
    return OrdinaryScheduler(HealthCheck(bots, context.plans(), alerts, _ping), context)


async def _ping() -> None:
    await current_database().ping()


def to_owners(bot: Bot, owner_ids: Sequence[int]) -> Send:
    """Sends a backup to each owner's chat with `bot`; raises the last error when it reached nobody."""

    async def send(path: Path) -> None:
        problem: BaseException | None = None
        is_there = False
        for owner_id in owner_ids:
            try:
                with in_lane(Lane.BULK):
                    await bot.send_document(owner_id, FSInputFile(path), disable_notification=True)
                is_there = True
            except TELEGRAM_ERRORS as error:
                problem = error
        if problem is not None and not is_there:
            raise problem

    return send
