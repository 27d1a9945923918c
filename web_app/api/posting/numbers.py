"""`/api/admin/numbers`: the statistics of a period, by the functions the admin bot uses; and of one post."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from core.announcements import source_of
from core.shorteners.counts import Tally
from core.statistics import Count, DayStats, TopPost
from core.statistics.events import OTHER_SOURCES
from core.statistics.periods import Figures, Overview, Period, change, days_before
from core.statistics.tables import cell_of, days_csv
from core.team.rights import Right
from database.operations import channel_ops, statistics_ops
from database.operations.counting import post_days
from database.operations.shorteners import shortener_counts, shortener_ops
from web_app.api.access import Operator
from web_app.api.models import Answer, Post
from web_app.api.posting.desk import PostDesk
from web_app.api.posting.models import Code

#: posts on a page, and pages there can be
PAGE, PAGES_MAX = 50, 1_000
#: days of the chart: of all days the last year
_CHART_DAYS = 366
#: sources that are shown, those that brought most first
_SOURCES_MAX = 50


class Steps(Answer):
    """One subscriber, one post, one day is a try; each of the others is a part of the one before it."""

    tries: int
    joined: int
    unlocked: int
    delivered: int


class ChartDay(Answer):
    """A day; null: not counted then, or not kept."""

    date: date
    new: int | None
    active: int | None
    delivered: int | None


class SourceCounts(Answer):
    name: str = Field(description="of the link, or the channel's; empty: all further ones")
    new: int
    tries: int
    delivered: int


class ShortenerCounts(Answer):
    name: str
    links: int
    finished: int
    too_fast: int
    failed: int
    median_s: int | None


class Numbers(Answer):
    """Everything the statistics show of a period. Definitions: docs/decisions/0035."""

    period: Period
    subscribers: int
    new: int
    blocked: int
    active: int
    active_change: float | None = Field(description="0.08: 8 % more than in the period before; null: not known")
    steps: Steps
    steps_before: Steps | None = Field(description="of the period before; null: there is none")
    unlocks: int
    too_fast: int
    announcements: int
    broadcasts: int
    broadcast_copies: int
    most_wanted: Post | None
    counted_since: date | None = Field(description="the first day of tries, where older days had none")
    days: list[ChartDay]
    sources: list[SourceCounts]
    shorteners: list[ShortenerCounts]


class TopPosts(Answer):
    """A page of the posts that were delivered in a period, most first."""

    posts: list[Post]
    more: bool


class PostNumbers(Answer):
    period: Period
    steps: Steps
    opened: int = Field(description="times its link was pressed, ever: not counted by day")
    delivered_ever: int


def numbers_router(desk: PostDesk) -> APIRouter:
    """The routes of the numbers."""
    router = APIRouter(tags=["numbers"])
    _add_periods(router, desk)
    _add_posts(router, desk)
    return router


def _add_periods(router: APIRouter, desk: PostDesk) -> None:
    allowed = Annotated[Operator, Depends(desk.access.may(Right.STATISTICS))]

    @router.get("/numbers", response_model=Numbers)
    async def numbers(_: allowed, period: Period = Period.WEEK) -> Numbers:
        """The figures, the chart's days, sources and shorteners of a period; at most eight commands."""
        return await _numbers(desk, period)

    @router.get(
        "/numbers.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def table(_: allowed, period: Period = Period.WEEK) -> Response:
        """The days of a period as a table for a spreadsheet, as the admin bot sends it."""
        now = desk.now()
        days = await statistics_ops.read_days(statistics_ops.start_of(period, now, desk.zone), now)
        name = f"statistics-{now.astimezone(desk.zone):%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(days_csv(days, desk.zone), media_type="text/csv; charset=utf-8", headers=headers)


def _add_posts(router: APIRouter, desk: PostDesk) -> None:
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POST_STATISTICS))]

    @router.get("/numbers/posts", response_model=TopPosts)
    async def posts(
        _: allowed, period: Period = Period.WEEK, page: Annotated[int, Query(ge=0, lt=PAGES_MAX)] = 0
    ) -> TopPosts:
        """The posts of a period, those delivered most first."""
        now = desk.now()
        start = statistics_ops.start_of(period, now, desk.zone)
        found = await post_days.top(start, now, PAGE + 1, page * PAGE)
        return TopPosts(posts=[_top(one) for one in found[:PAGE]], more=len(found) > PAGE)

    @router.get("/posts/{code}/numbers", response_model=PostNumbers)
    async def of_post(code: Code, _: allowed, period: Period = Period.ALL) -> PostNumbers:
        """How far those came who tried to get a post."""
        post, now = await desk.find_post(code), desk.now()
        steps = await post_days.of_post(code, statistics_ops.start_of(period, now, desk.zone), now)
        return PostNumbers(
            period=period, steps=Steps(**steps.model_dump()), opened=post.opened, delivered_ever=post.delivered
        )


async def _numbers(desk: PostDesk, period: Period) -> Numbers:
    now = desk.now()
    found = await statistics_ops.overview(period, now, desk.zone)
    start = statistics_ops.start_of(period, now, desk.zone)
    days = await statistics_ops.read_days(max(start, days_before(now, _CHART_DAYS - 1, desk.zone)), now)
    names = [one.name for one in await shortener_ops.current(now)]
    # the median needs every day's times, which are read of so many days only
    is_short = now - start <= shortener_counts.SUMMED_FOR
    tallies = await (shortener_counts.tallies if is_short else shortener_counts.sums)(names, start)
    channels = await channel_ops.current(now)
    places = {source_of(one.source_number): one.name for one in channels if one.source_number is not None}
    return Numbers(
        **_figures(found),
        counted_since=found.counted_since and found.counted_since.astimezone(desk.zone).date(),
        days=[_chart_day(day, desk) for day in days],
        sources=_sources(found, places),
        shorteners=[_shortener(name, one) for name, one in tallies.items()],
    )


def _figures(found: Overview) -> dict[str, object]:
    figures = found.figures
    return {
        "period": found.period,
        "subscribers": found.subscribers,
        "new": figures.of(Count.NEW_USERS),
        "blocked": figures.of(Count.BLOCKED),
        "active": found.active,
        "active_change": change(found.active, found.active_before),
        "steps": _steps(figures),
        "steps_before": None if found.before is None else _steps(found.before),
        "unlocks": figures.of(Count.UNLOCKS),
        "too_fast": figures.too_fast,
        "announcements": figures.of(Count.ANNOUNCEMENTS),
        "broadcasts": figures.of(Count.BROADCASTS),
        "broadcast_copies": figures.of(Count.BROADCAST_COPIES),
        "most_wanted": None if found.most_wanted is None else _top(found.most_wanted),
    }


def _steps(figures: Figures) -> Steps:
    return Steps(
        tries=figures.of(Count.TRIES),
        joined=figures.of(Count.JOINED),
        unlocked=figures.of(Count.UNLOCKED),
        delivered=figures.of(Count.DELIVERED),
    )


def _chart_day(day: DayStats, desk: PostDesk) -> ChartDay:
    def cell(count: Count) -> int | None:
        found = cell_of(day, count)
        return found if isinstance(found, int) else None

    return ChartDay(
        date=day.date.astimezone(desk.zone).date(),
        new=cell(Count.NEW_USERS),
        active=cell(Count.ACTIVE_USERS),
        delivered=cell(Count.DELIVERED),
    )


def _sources(found: Overview, places: Mapping[str, str]) -> list[SourceCounts]:
    shown = list(found.sources.items())[:_SOURCES_MAX]
    return [
        SourceCounts(name="" if name == OTHER_SOURCES else places.get(name, name), **counts.model_dump())
        for name, counts in shown
    ]


def _shortener(name: str, counts: Tally) -> ShortenerCounts:
    return ShortenerCounts(
        name=name,
        links=counts.links,
        finished=counts.finished,
        too_fast=counts.too_fast,
        failed=counts.failed,
        median_s=counts.median_s,
    )


def _top(one: TopPost) -> Post:
    return Post(code=one.code, title=one.title, deliveries=one.deliveries)
