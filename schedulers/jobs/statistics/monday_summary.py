"""The summary of last week, which comes into the owners' chats on Mondays unless they switched it off."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.days import start_of_day
from core.jobs import Counts
from core.statistics import Count
from core.statistics.periods import Overview, Period, days_before
from database.operations import settings_ops, statistics_ops
from schedulers.context import JobContext
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS, classify
from sender.lanes import Lane, in_lane
from views.statistics import texts

log = structlog.get_logger("tollgate.statistics")

_MONDAY = 0


class MondaySummary:
    """Sends each owner one silent message. Whom it does not reach is told next week: nothing is sent twice."""

    def __init__(
        self,
        bot: Bot,
        find_owners: Callable[[], Awaitable[Collection[int]]],
        speaking_to: Callable[[int], AbstractAsyncContextManager[None]],
        zone: ZoneInfo,
    ) -> None:
        self._bot = bot
        self._find_owners = find_owners
        self._speaking_to = speaking_to
        self._zone = zone

    async def __call__(self, run: Run) -> Counts:
        if not (await settings_ops.current(run.now())).monday_summary:
            return Counts({"switched_off": 1})
        numbers = await self._week(run.now())
        if not numbers.figures.counts:
            # also at the first start of all, which makes up for the last Monday
            return Counts({"nothing_counted": 1})
        for owner_id in await self._find_owners():
            if run.should_stop:
                return Counts(dict(run.done), more=True)
            async with self._speaking_to(owner_id):
                screen = texts.summary(numbers, self._zone)
            try:
                with in_lane(Lane.BULK):
                    await self._bot.send_message(
                        owner_id, screen.text, reply_markup=screen.keyboard, disable_notification=True
                    )
                run.done["sent"] += 1
            except TELEGRAM_ERRORS as error:
                log.info("summary.not_sent", owner_id=owner_id, reason=classify(error))
                run.done["not_sent"] += 1
        return Counts(dict(run.done))

    async def _week(self, now: datetime) -> Overview:
        """Return the numbers of the seven days that ended with the last Sunday."""
        today = start_of_day(now, self._zone)
        monday = days_before(today, (today.astimezone(self._zone).weekday() - _MONDAY) % 7, self._zone)
        numbers = await statistics_ops.overview(Period.WEEK, monday - timedelta(milliseconds=1), self._zone)
        # by the last visits those seen again since would count, too
        kept = await statistics_ops.read_day(days_before(monday, 1, self._zone))
        return replace(numbers, active=kept.get(Count.ACTIVE_7, numbers.active))


def create(context: JobContext) -> MondaySummary:
    owners = context.owners_of("monday_summary")
    return MondaySummary(owners.admin_bot, owners.find_owners, owners.speaking_to, context.zone)
