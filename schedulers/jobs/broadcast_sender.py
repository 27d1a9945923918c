"""Sends broadcasts, one after the other, in one process at a time (DESIGN §7.5)."""

from datetime import datetime, timedelta

from aiogram import Bot

from core.broadcasts import BroadcastStatus
from core.jobs import Counts
from database.operations import broadcast_ops
from schedulers.context import JobContext
from schedulers.jobs.broadcast_sending import Sending
from schedulers.jobs.broadcasts.waiting import waits
from schedulers.runner import Run
from sender.limiting.send_limiter import SendLimiter

#: a run sends for this long; the next one, which starts at once, continues. The job's time limit is much longer, so
#: that a run that waits for an absent database is not cut off
SLICE = timedelta(minutes=5)


class BroadcastSender:
    """Sends due broadcasts: half-sent ones first, then the one planned earliest."""

    def __init__(self, bot: Bot, limiter: SendLimiter) -> None:
        """`limiter` is that of `bot`."""
        self._bot = bot
        self._limiter = limiter

    async def __call__(self, run: Run) -> Counts:
        since = run.now()
        until = since + SLICE
        while not run.should_stop and since <= run.now() < until:
            if await waits(run.now()):
                return Counts(dict(run.done))
            broadcast = await broadcast_ops.find_next(run.now())
            if broadcast is None:
                return Counts(dict(run.done))
            if broadcast.status is BroadcastStatus.QUEUED:
                started = await broadcast_ops.start(broadcast, run.now())
                if started is None or started.status is not BroadcastStatus.SENDING:
                    continue
                broadcast = started
            await Sending(broadcast, run, self._bot, self._limiter, since=since, until=until).send_rest()
        return Counts(dict(run.done), more=True)

    async def has_work(self, now: datetime) -> bool:
        """Whether a broadcast is due to be sent, and no maintenance is on."""
        return await broadcast_ops.find_next(now) is not None and not await waits(now)


def create(context: JobContext) -> BroadcastSender:
    telegram, owners = context.telegram_of("broadcast_sender"), context.owners_of("broadcast_sender")
    return BroadcastSender(telegram.user_bot, owners.user_limiter)
