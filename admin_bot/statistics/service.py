"""The statistics: the numbers of a period, the lists behind them, pictures and files."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import BufferedInputFile, CallbackQuery

from admin_bot.screens import pressed_message, send, show, toast
from admin_bot.source_names import find_names
from admin_bot.statistics.charts import ChartAlbums
from core.clock import Clock
from core.days import start_of_day
from core.statistics.periods import Figures, Period, days_before
from core.statistics.tables import days_csv
from core.team.admins import Role
from core.team.rights import Right, may
from database.operations import statistics_ops
from database.operations.counting import post_days
from database.operations.posts import post_ops
from database.operations.shorteners import shortener_counts, shortener_ops
from sender.failures import TELEGRAM_ERRORS, classify
from views.navigation import MENU
from views.screens import Screen
from views.statistics import lists, texts
from views.statistics.callbacks import View

log = structlog.get_logger("tollgate.admin")


class StatisticsService:
    """What the command and its buttons share."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo, charts: ChartAlbums) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._charts = charts

    async def present(self, chat_id: int, role: Role) -> None:
        """Send the first screen of a role as a new message."""
        await send(self._bot, chat_id, await self._first_screen(role))

    async def open(self, query: CallbackQuery, role: Role) -> None:
        """Show the first screen of a role in place of the pressed one."""
        await self._turn(query, await self._first_screen(role))

    async def show(self, query: CallbackQuery, view: View, period: Period) -> None:
        """Show a screen of a period in place of the pressed one."""
        await self._turn(query, await self._screen(view, period))

    async def show_posts(self, query: CallbackQuery, period: Period, page: int, role: Role) -> None:
        """Show a page of the list of posts in place of the pressed screen."""
        await self._turn(query, await self._posts(period, page, role))

    async def show_post(self, query: CallbackQuery, code: str, period: Period, page: int, role: Role) -> None:
        """Show the numbers of one post; the list when it is gone."""
        post = await post_ops.find(code)
        if post is None:
            await self.show_posts(query, period, page, role)
            return
        now = self._clock.now()
        start = statistics_ops.start_of(period, now, self._zone)
        steps = await post_days.of_post(code, start, now)
        opened = lists.Openings(post.opened, post.opened_since)
        numbers = lists.PostNumbers(post.title, post.number, opened, Figures(steps.model_dump()))
        await self._turn(query, lists.post(numbers, period, page, self._zone))

    async def draw(self, query: CallbackQuery, period: Period) -> None:
        """Request the pictures of a period."""
        span = max(period.days or texts.PICTURE_SPAN_MAX, texts.PICTURE_SPAN_MIN)
        first = days_before(self._today(), span - 1, self._zone)
        days = await statistics_ops.read_days(first, self._clock.now())
        if not days:
            await toast(query, texts.nothing_to_draw())
        elif self._charts.request(query.from_user.id, span, days):
            await toast(query, texts.drawing())
        else:
            await toast(query, texts.drawing_before())

    async def send_csv(self, query: CallbackQuery, period: Period) -> None:
        """Send the days of a period as a file."""
        now = self._clock.now()
        days = await statistics_ops.read_days(statistics_ops.start_of(period, now, self._zone), now)
        file = BufferedInputFile(days_csv(days, self._zone), f"statistics-{now.astimezone(self._zone):%Y-%m-%d}.csv")
        await toast(query)
        try:
            await self._bot.send_document(query.from_user.id, file)
        except TELEGRAM_ERRORS as error:
            log.warning("statistics.file_not_sent", reason=classify(error))
            await self._bot.send_message(query.from_user.id, texts.not_sent())

    def _today(self) -> datetime:
        return start_of_day(self._clock.now(), self._zone)

    async def _turn(self, query: CallbackQuery, screen: Screen) -> None:
        await toast(query)
        await show(self._bot, pressed_message(query), screen)

    async def _first_screen(self, role: Role) -> Screen:
        if may(role, Right.STATISTICS):
            return await self._screen(View.OVERVIEW, Period.WEEK)
        return await self._posts(Period.WEEK, 0, role)

    async def _screen(self, view: View, period: Period) -> Screen:
        now = self._clock.now()
        if view is View.SHORTENERS:
            names = [one.name for one in await shortener_ops.load()]
            since = statistics_ops.start_of(period, now, self._zone)
            return lists.shorteners(await shortener_counts.sums(names, since), period)
        numbers = await statistics_ops.overview(period, now, self._zone)
        match view:
            case View.STOPS:
                return lists.stops(numbers.figures, period)
            case View.SOURCES:
                shown = list(numbers.sources)[: lists.SHOWN]
                return lists.sources(numbers.sources, await find_names(shown, now, self._zone), period)
        return texts.overview(numbers, self._zone)

    async def _posts(self, period: Period, page: int, role: Role) -> Screen:
        now, size = self._clock.now(), lists.POSTS_A_PAGE
        start = statistics_ops.start_of(period, now, self._zone)
        found = await post_days.top(start, now, size + 1, page * size)
        page_of_posts = lists.posts(found[:size], period, page, has_more=len(found) > size)
        return page_of_posts if may(role, Right.STATISTICS) else replace(page_of_posts, parent=MENU)
