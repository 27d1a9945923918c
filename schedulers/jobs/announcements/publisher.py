"""Publishes announcements when they are due, and edits published ones. In one process at a time."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from aiogram import Bot

from core.announcements import LEASE_FOR, Announcement
from core.clock import Clock
from core.jobs import Counts
from core.retries import retry_while_unavailable
from core.supervisor import Supervisor
from database.operations import announcement_ops
from database.operations.announcements import changes, publishing, renewals
from schedulers.context import JobContext
from schedulers.jobs.announcements.alerts import AnnouncementAlerts
from schedulers.jobs.announcements.calls import AnnouncementCalls
from schedulers.jobs.announcements.edits import Edits
from schedulers.jobs.announcements.sending import Sending
from schedulers.runner import Run
from sender.limiting.send_limiter import SendLimiter

T = TypeVar("T")

#: a run works for this long; the next one, which starts at once, continues
SLICE = timedelta(minutes=5)
#: announcements read at once
PAGE = 50
#: announcements being sent for which a person waits, and as many others: few, so that a crash leaves few unknown; and
#: edits under way
SENDING_MAX, EDITING_MAX = 10, 10
#: seconds between two looks at what is due, while calls are in flight or channels rest
LOOK_EVERY_S = 1.0


class Publisher:
    """Does what is due, the oldest first: in one channel one after the other, several channels at a time."""

    def __init__(self, bot: Bot, limiter: SendLimiter, user_bot: Bot, alerts: AnnouncementAlerts, clock: Clock) -> None:
        """`bot` publishes, within `limiter`; links lead to `user_bot`."""
        self._calls = AnnouncementCalls(bot)
        self._bot_id = bot.id
        self._limiter = limiter
        # kept for all runs: channels go on resting
        self._edits = Edits(self._calls, bot.id, user_bot, clock)
        self._alerts = alerts

    async def __call__(self, run: Run) -> Counts:
        sending = Sending(self._calls, self._bot_id, self._alerts, run, self._limiter)
        work = _Work(run, sending, self._edits)
        try:
            more = await work.do()
        finally:
            await work.close()
            sending.close()
        return Counts(dict(run.done), more=more)

    async def has_work(self, now: datetime) -> bool:
        """Whether something is to be published or edited."""
        if await publishing.has_work(now):
            return True
        renewal = await renewals.find_renewal()
        return renewal is not None and renewal.is_to_be_marked


class _Work:
    """What is due in one run. Calls of one kind in one channel follow each other."""

    def __init__(self, run: Run, sending: Sending, edits: Edits) -> None:
        self._run = run
        self._sending = sending
        self._edits = edits
        self._since = run.now()
        self._renewed_at = self._since
        self._look_at = -math.inf
        self._tasks = Supervisor()
        #: by task: what it sends, and what it edits
        self._sent: dict[asyncio.Task[None], Announcement] = {}
        self._edited: dict[asyncio.Task[None], Announcement] = {}
        #: how many of these tasks have ended
        self._ends = 0
        self._error: BaseException | None = None

    async def close(self) -> None:
        """Cancel what is in flight."""
        await self._tasks.close()

    async def do(self) -> bool:
        """Work until nothing is due, the run ends or its time is up; whether more may be due.

        Raises CannotPublish, and StoreUnavailable when the database stays away.
        """
        while not self._is_over():
            ends = self._ends
            await self._look_around()
            await self._start_sending()
            await self._start_editing()
            if not self._in_flight and self._ends != ends:
                # it ended while more was looked for, and made room for what was not started
                continue
            if not self._in_flight and not self._edits.resting():
                break
            if not self._in_flight and not await self._query(partial(publishing.has_work, self._run.now())):
                break
            await self._wait()
        is_over = self._is_over()
        while self._in_flight:
            await self._wait()
        error = self._sending.error or self._error
        if error is not None:
            raise error
        await self._tell_posts()
        return is_over

    @property
    def _in_flight(self) -> set[asyncio.Task[None]]:
        return {*self._sent, *self._edited}

    def _is_over(self) -> bool:
        return (
            self._run.should_stop
            or self._sending.error is not None
            or self._error is not None
            # a clock that was set back would make it a very long run
            or not self._since <= self._run.now() < self._since + SLICE
        )

    async def _query(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await retry_while_unavailable(operation, self._run.clock)

    async def _look_around(self) -> None:
        """Do what need not be done after every call, at most once in LOOK_EVERY_S."""
        now = self._run.clock.monotonic()
        if self._look_at > now:
            return
        self._look_at = now + LOOK_EVERY_S
        await self._sending.give_up_lapsed(PAGE)
        await self._mark_for_renewal()
        await self._tell_posts()

    async def _start_sending(self) -> None:
        # of each kind so many: what waits for its channel's limit holds up nobody who waits for an answer
        for is_now in (True, False):
            under_way = sum(one.is_now is is_now for one in self._sent.values())
            await self._start_some(is_now=is_now, room=SENDING_MAX - under_way)

    async def _start_some(self, *, is_now: bool, room: int) -> None:
        """Start up to `room` of what is due of one kind."""
        busy = {one.chat_id for one in self._sent.values()}
        find = partial(publishing.find_due, self._run.now(), is_now=is_now, without=sorted(busy), limit=PAGE)
        for one in await self._query(find) if room > 0 else ():
            if room <= 0 or self._is_over():
                return
            if one.chat_id in busy:
                continue
            claimed = await self._sending.claim(one)
            if claimed is not None:
                busy.add(claimed.chat_id)
                room -= 1
                self._start(self._sending.send(claimed), claimed, self._sent)

    async def _start_editing(self) -> None:
        busy = {one.chat_id for one in self._edited.values()} | set(self._edits.resting())
        find = partial(changes.find_due, self._run.now(), without=sorted(busy), limit=PAGE)
        for one in await self._query(find):
            if len(self._edited) >= EDITING_MAX or self._is_over():
                return
            if one.chat_id not in busy:
                busy.add(one.chat_id)
                self._start(self._edits.make(one, self._run), one, self._edited)

    def _start(
        self, work: Coroutine[Any, Any, None], one: Announcement, among: dict[asyncio.Task[None], Announcement]
    ) -> None:
        task = self._tasks.spawn(work, f"announcement {one.id}")
        among[task] = one
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sent.pop(task, None)
        self._edited.pop(task, None)
        self._ends += 1
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()

    async def _wait(self) -> None:
        """Wait until a call has ended, or for LOOK_EVERY_S; keep the leases of what is being sent."""
        look = self._tasks.spawn(self._run.clock.sleep(LOOK_EVERY_S), "publisher look")
        await asyncio.wait({*self._in_flight, look}, return_when=asyncio.FIRST_COMPLETED)
        look.cancel()
        # lets `_ended` run
        await asyncio.sleep(0)
        now = self._run.now()
        if self._sent and not timedelta() <= now - self._renewed_at < LEASE_FOR / 3:
            ids = [one.id for one in self._sent.values()]
            await self._query(partial(publishing.renew, self._run.owner, ids, now))
            self._renewed_at = now

    async def _mark_for_renewal(self) -> None:
        """Mark a page of announcements for a renewal of all buttons that is under way."""
        renewal = await self._query(renewals.find_renewal)
        if renewal is not None and renewal.is_to_be_marked:
            await self._query(partial(renewals.mark_page, renewal, self._run.now()))

    async def _tell_posts(self) -> None:
        """Let posts know how many announcements they have."""
        unnoted = await self._query(partial(publishing.find_unnoted, PAGE))
        for post_code in {one.post_code for one in unnoted}:
            await self._query(partial(announcement_ops.tell_post, post_code))
        for one in unnoted:
            await self._query(partial(publishing.mark_noted, one))


def create(context: JobContext) -> Publisher:
    telegram, owners = context.telegram_of("publisher"), context.owners_of("publisher")
    alerts = AnnouncementAlerts(telegram.alerts)
    return Publisher(owners.admin_bot, owners.admin_limiter, telegram.user_bot, alerts, context.clock)
