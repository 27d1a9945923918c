"""/stats: the numbers, and who asks for a new count."""

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.run_follower import Follower, Screen
from admin_bot.screens import screen_id, show, toast
from admin_bot.statistics.charts import ChartAlbums
from admin_bot.system.jobs import JobService, read_job
from core.clock import Clock
from core.jobs import JobOutcome, JobRun, LeaseRow
from core.timetable import STATISTICS
from database.operations import deletion_ops, post_ops, statistics_ops, user_ops
from views.statistics import keyboards, texts
from views.statistics.callbacks import SPANS
from views.system import jobs_texts

#: days the pictures of a new /stats show
SPAN = 30
#: these ends say that the numbers are older than they should be
_TROUBLE = (JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.MISSED, JobOutcome.ABANDONED)
#: runs of the statistics job looked at for one that went well
_RUNS = 20


class StatisticsService:
    """What the command and its buttons share."""

    def __init__(
        self, bot: Bot, clock: Clock, zone: ZoneInfo, jobs: JobService, charts: ChartAlbums, follower: Follower
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._jobs = jobs
        self._charts = charts
        self._follower = follower

    async def present(self, chat_id: int) -> None:
        """Numbers in a message of their own, then the pictures."""
        numbers, face = await self._read()
        await self._bot.send_message(chat_id, face[0], reply_markup=face[1])
        days = texts.last(numbers.days, SPAN, self._clock.now(), self._zone)
        if days:
            self._charts.want(chat_id, SPAN, days)

    async def draw(self, query: CallbackQuery, span: int) -> None:
        """Pictures of the last `span` days, and the numbers as they are now."""
        numbers, face = await self._read()
        days = texts.last(numbers.days, span, self._clock.now(), self._zone)
        if not days:
            await toast(query, texts.NOTHING_TO_DRAW)
        elif self._charts.want(query.from_user.id, span, days):
            await toast(query, texts.DRAWING)
        else:
            await toast(query, texts.DRAWING_BEFORE)
        await self._put(query, numbers, face)

    async def count(self, query: CallbackQuery) -> None:
        """Ask for a new count; the message follows it."""
        said = await self._jobs.run(query.from_user.id, STATISTICS)
        is_new = said != jobs_texts.ASKED_FOR_BEFORE
        numbers, face = await self._read()
        await toast(query, texts.COUNTING if is_new else texts.COUNTING_BEFORE)
        await self._put(query, numbers, face)

    async def _put(self, query: CallbackQuery, numbers: texts.Numbers, face: Screen) -> None:
        chat_id, message_id = query.from_user.id, screen_id(query)
        await self._follower.leave(chat_id, message_id)
        shown_in = await show(self._bot, chat_id, message_id, *face)
        if numbers.is_counting:
            await self._follower.follow(chat_id, shown_in, face, partial(self._look, face))

    async def _look(self, shown: Screen) -> tuple[Screen, bool]:
        """While a count goes on nothing is read anew but that."""
        runs, lease = await read_job(STATISTICS, _RUNS, self._clock)
        if self._is_counting(runs, lease):
            return shown, False
        numbers, face = await self._read()
        return face, not numbers.is_counting

    def _is_counting(self, runs: Sequence[JobRun], lease: LeaseRow | None) -> bool:
        is_running = lease is not None and lease.is_held(self._clock.now())
        return is_running or any(run.is_waiting for run in runs)

    async def _read(self) -> tuple[texts.Numbers, Screen]:
        runs, lease = await read_job(STATISTICS, _RUNS, self._clock)
        now = self._clock.now()
        ended = [run for run in runs if run.outcome is not None]
        numbers = texts.Numbers(
            days=await statistics_ops.last_days(now, max(SPANS)),
            live=texts.Live(
                users=await user_ops.count(),
                posts=await post_ops.count_live(),
                overdue=await deletion_ops.count_overdue(now),
            ),
            counted_at=next((run.started_at for run in runs if _is_good(run)), None),
            is_counting=self._is_counting(runs, lease),
            failed_at=ended[0].finished_at if ended and ended[0].outcome in _TROUBLE else None,
        )
        return numbers, (texts.statistics(numbers, now, self._zone), keyboards.statistics())


def _is_good(run: JobRun) -> bool:
    return run.outcome is JobOutcome.SUCCEEDED and not run.more
