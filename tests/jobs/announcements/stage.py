"""A process that runs the jobs of announcements, on a database and channels that outlive it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.clock import ManualClock
from core.jobs import Counts
from database.operations import incident_ops
from monitoring.alerts import Alerts, Words
from schedulers.jobs.announcements.alerts import AnnouncementAlerts
from schedulers.jobs.announcements.calls import AnnouncementCalls
from schedulers.jobs.announcements.deleter import AnnouncementDeleter
from schedulers.jobs.announcements.publisher import Publisher
from schedulers.runner import Run
from sender.limiting.send_limiter import SendLimiter
from tests.jobs.announcements.channels import Channels
from tests.recording import RecordingBot


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Process:
    """One process. `alerts`: what the owners were sent, with all processes sharing one list."""

    def __init__(
        self, channels: Channels, clock: ManualClock, sent: list[str], *, owner: str = "host:1", bot_id: int = 1001
    ) -> None:
        self.channels, self.clock, self.owner = channels, clock, owner
        self.bot: RecordingBot = channels.bot(f"{bot_id}:sandbox-admin")
        self.limiter = SendLimiter(clock=clock)

        async def send(words: Words) -> bool:
            sent.append(words())
            return True

        self.alerts = AnnouncementAlerts(Alerts(send, store=incident_ops, clock=clock))
        user_bot = channels.bot("1002:user")
        self.publisher = Publisher(self.bot, self.limiter, user_bot, self.alerts, clock)
        self.deleter = AnnouncementDeleter(AnnouncementCalls(self.bot), self.bot.id, self.alerts)

    def run(self) -> Run:
        return Run(self.clock, f"{self.owner}:{id(object())}", "publisher")

    async def publish(self) -> Counts:
        """Run the publisher once."""
        return await self.publisher(self.run())

    async def publish_all(self, *, for_up_to: timedelta = timedelta(hours=2)) -> None:
        """Run the publisher whenever it has work, looking every ten seconds."""
        until = self.clock.now() + for_up_to
        while self.clock.now() < until:
            if await self.publisher.has_work(self.clock.now()):
                await self.publish()
            self.clock.move(timedelta(seconds=10))

    async def remove(self) -> Counts:
        """Run the deleter once."""
        return await self.deleter(self.run())


class KillAt:
    """Ends a process before its `at`-th command or call, from 1; 0: never. Nothing gets through after it."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def note(self, *_: Any) -> None:
        self.count += 1
        if self.at and self.count >= self.at:
            raise Killed


async def until_killed(work: Callable[[], Any]) -> bool:
    """Do `work`; True when it was killed. No task of it is left."""
    try:
        await work()
    except BaseExceptionGroup as group:
        if not group.subgroup(Killed):
            raise
    except Killed:
        pass
    else:
        return False
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)
    return True
