"""Sends broadcasts, one after the other, in one process at a time (DESIGN §7.5)."""

import asyncio
from datetime import datetime, timedelta

from aiogram import Bot

from core.broadcasts import BroadcastStatus
from core.jobs import Counts
from core.timetable import BROADCAST_SENDER
from database.operations import broadcast_ops, lease_ops
from schedulers.jobs.broadcast_sending import Sending
from schedulers.leases import TTL, Pause
from schedulers.runner import Run
from sender.send_limiter import SendLimiter

NAME = BROADCAST_SENDER


#: a run sends for so long; what is left goes on in the next, which begins at once
SLICE = timedelta(minutes=5)
#: the run's own end comes long after it: what waits for an absent database is not to be cut off
TIME_LIMIT = timedelta(minutes=30)


class BroadcastSender:
    """What is half sent first, then what was planned earliest, until nothing is due."""

    name = NAME

    def __init__(
        self, bot: Bot, limiter: SendLimiter, *, sleep: Pause = asyncio.sleep, pulse: Pause = asyncio.sleep
    ) -> None:
        self._bot = bot
        self._limiter = limiter
        self._sleep = sleep
        self._pulse = pulse

    async def __call__(self, run: Run) -> Counts:
        since = run.now()
        until = since + SLICE
        while not run.should_stop and since <= run.now() < until:
            broadcast = await broadcast_ops.find_next(run.now())
            if broadcast is None:
                return Counts(dict(run.done))
            if broadcast.status is BroadcastStatus.QUEUED:
                begun = await broadcast_ops.start(broadcast, run.now())
                if begun is None or begun.status is not BroadcastStatus.SENDING:
                    continue
                broadcast = begun
            sending = Sending(
                broadcast,
                run,
                self._bot,
                self._limiter,
                since=since,
                until=until,
                sleep=self._sleep,
                pulse=self._pulse,
            )
            await sending.go()
        return Counts(dict(run.done), more=True)


async def has_work(now: datetime) -> bool:
    """Whether something is due to be sent, nobody else is sending, and nobody has paused it."""
    return await broadcast_ops.find_next(now) is not None and await lease_ops.is_free(NAME, now, TTL)
