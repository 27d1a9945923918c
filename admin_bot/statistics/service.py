"""The statistics: the numbers of a period, and requests for a new count."""

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.job_runs import JobRuns, Requested
from admin_bot.run_follower import RunFollower
from admin_bot.screens import pressed_message, send, show, toast
from admin_bot.statistics.charts import ChartAlbums
from core.clock import Clock
from core.jobs import JobOutcome, JobRun, LeaseRow
from database.operations import deletion_ops, statistics_ops, user_ops
from database.operations.posts import post_ops
from views.screens import Screen
from views.statistics import texts
from views.statistics.callbacks import SPANS

#: days shown first
SPAN = 7
#: outcomes after which the numbers are older than they should be
_NOT_COUNTED = (JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.MISSED, JobOutcome.ABANDONED)
#: runs of the statistics job read to find the last successful one
_RUNS_READ = 20


class StatisticsService:
    """What the command and its buttons share."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        runs: JobRuns,
        charts: ChartAlbums,
        follower: RunFollower,
        job: str,
    ) -> None:
        """`job`: the one that counts."""
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._runs = runs
        self._charts = charts
        self._follower = follower
        self._job = job

    async def present(self, chat_id: int) -> None:
        """Send the numbers of the last days as a new message."""
        _, screen = await self._read(SPAN)
        await send(self._bot, chat_id, screen)

    async def show(self, query: CallbackQuery, span: int = SPAN) -> None:
        """Show the numbers of the last `span` days in place of the pressed screen."""
        numbers, screen = await self._read(span)
        await toast(query)
        await self._put(query, numbers, screen, span)

    async def draw(self, query: CallbackQuery, span: int) -> None:
        """Request the pictures of the last `span` days, and show the current numbers."""
        numbers, screen = await self._read(span)
        span_drawn = max(span, texts.PICTURE_SPAN_MIN)
        days = texts.last(numbers.days, span_drawn, self._clock.now(), self._zone)
        if not days:
            await toast(query, texts.NOTHING_TO_DRAW)
        elif self._charts.request(query.from_user.id, span_drawn, days):
            await toast(query, texts.DRAWING)
        else:
            await toast(query, texts.DRAWING_BEFORE)
        await self._put(query, numbers, screen, span)

    async def count(self, query: CallbackQuery, span: int) -> None:
        """Request a new count; the message is kept up to date until it has ended."""
        requested = await self._runs.request(query.from_user.id, self._job)
        numbers, screen = await self._read(span)
        is_waiting_already = requested is Requested.WAITING_ALREADY
        await toast(query, texts.COUNTING_BEFORE if is_waiting_already else texts.COUNTING)
        await self._put(query, numbers, screen, span)

    async def _put(self, query: CallbackQuery, numbers: texts.Numbers, screen: Screen, span: int) -> None:
        pressed = pressed_message(query)
        await self._follower.release(pressed)
        ref = await show(self._bot, pressed, screen)
        if numbers.is_counting:
            await self._follower.follow(ref, screen, partial(self._poll, screen, span))

    async def _poll(self, shown: Screen, span: int) -> tuple[Screen, bool]:
        """Return the screen, and whether it is final. During a count only the run is read, not the numbers."""
        runs, lease = await self._runs.read(self._job, _RUNS_READ)
        if self._is_counting(runs, lease):
            return shown, False
        numbers, screen = await self._read(span)
        return screen, not numbers.is_counting

    def _is_counting(self, runs: Sequence[JobRun], lease: LeaseRow | None) -> bool:
        is_running = lease is not None and lease.is_held(self._clock.now())
        return is_running or any(run.is_waiting for run in runs)

    async def _read(self, span: int) -> tuple[texts.Numbers, Screen]:
        runs, lease = await self._runs.read(self._job, _RUNS_READ)
        now = self._clock.now()
        ended = [run for run in runs if run.outcome is not None]
        numbers = texts.Numbers(
            days=await statistics_ops.last_days(now, max(SPANS)),
            live=texts.Live(
                users=await user_ops.count(),
                posts=await post_ops.count_live(),
                overdue=await deletion_ops.count_overdue(now),
            ),
            counted_at=next((run.started_at for run in runs if _is_complete(run)), None),
            is_counting=self._is_counting(runs, lease),
            failed_at=ended[0].finished_at if ended and ended[0].outcome in _NOT_COUNTED else None,
        )
        return numbers, texts.statistics(numbers, span, now, self._zone)


def _is_complete(run: JobRun) -> bool:
    return run.outcome is JobOutcome.SUCCEEDED and not run.more
