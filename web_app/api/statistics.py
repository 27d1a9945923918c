"""`/api/admin/scheduler/statistics` and the charts: counters day by day, and the current totals."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated
from zoneinfo import ZoneInfo

from cachetools import LRUCache
from fastapi import APIRouter, Depends, Query, Request, Response

from core.statistics import DayStats, TopPost
from core.statistics.periods import days_before
from core.statistics.tables import days_csv
from core.team.rights import Right
from database.operations import statistics_ops
from database.operations.counting import post_days
from monitoring.pictures import Picture, Theme
from views.language import spoken
from web_app.api.access import ApiAccess, Operator
from web_app.api.live_counts import LiveCounts
from web_app.api.models import Day, Post, Statistics
from web_app.services import Draw

#: days of one request: a year, and the day it began with
DAYS_MAX = 366
#: posts in the list of those delivered most
POSTS_MAX = 8
#: pictures cached, some 40 kB each: every kind and theme for two numbers of days
_PICTURES_MAX = 16
#: seconds a browser shows a picture without asking again
_PICTURE_S = 60

Days = Annotated[int, Query(ge=1, le=DAYS_MAX, description="the last so many days")]


def statistics_router(access: ApiAccess, zone: ZoneInfo, live_counts: LiveCounts, draw: Draw) -> APIRouter:
    """The routes of the statistics and their charts."""
    router = APIRouter(tags=["statistics"])
    signed_in = Annotated[Operator, Depends(access.may(Right.STATISTICS))]

    @router.get("/scheduler/statistics", response_model=Statistics)
    async def statistics(_: signed_in, days: Days = 30) -> Statistics:
        """Each counted day of the last `days`, and the current totals of users, posts and pending deletions."""
        now = access.clock.now()
        found = await statistics_ops.last_days(now, days)
        best = await post_days.top(days_before(now, days - 1, zone), now, POSTS_MAX)
        return Statistics(
            days=[_day(day, zone) for day in found], now=await live_counts.get(), top_posts=[_post(one) for one in best]
        )

    @router.get(
        "/scheduler/statistics.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def table(_: signed_in, days: Days = 30) -> Response:
        """The counted days of the last `days` as a table for a spreadsheet, as the admin bot sends it."""
        now = access.clock.now()
        found = await statistics_ops.read_days(days_before(now, days - 1, zone), now)
        headers = {"Content-Disposition": 'attachment; filename="statistics.csv"', "Cache-Control": "no-store"}
        return Response(days_csv(found, zone), media_type="text/csv; charset=utf-8", headers=headers)

    _add_pictures(router, access, Pictures(draw, zone))
    return router


def _add_pictures(router: APIRouter, access: ApiAccess, pictures: "Pictures") -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.STATISTICS))]

    @router.get(
        "/pictures/{kind}.png",
        response_class=Response,
        responses={
            200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
            304: {"description": "The picture is the one the browser has (If-None-Match)."},
        },
    )
    async def picture(
        request: Request, _: signed_in, kind: Picture, theme: Theme = Theme.LIGHT, days: Days = 30
    ) -> Response:
        """A chart of the last `days`."""
        found = await statistics_ops.last_days(access.clock.now(), days)
        tag = pictures.tag(kind, found, theme)
        headers = {"ETag": tag, "Cache-Control": f"private, max-age={_PICTURE_S}"}
        if tag in _tags_of_browser(request):
            return Response(status_code=304, headers=headers)
        return Response(await pictures.png(tag, kind, found, theme), media_type="image/png", headers=headers)


def _day(day: DayStats, zone: ZoneInfo) -> Day:
    return Day(
        date=day.date.astimezone(zone).date(),
        counters=day.counters,
        top_posts=[_post(post) for post in day.top_posts],
    )


def _post(post: TopPost) -> Post:
    return Post(code=post.code, title=post.title, deliveries=post.deliveries)


def _tags_of_browser(request: Request) -> list[str]:
    """The tags in If-None-Match, without the prefix W/ that a compressing proxy adds."""
    given = request.headers.get("if-none-match", "")
    return [tag.strip().removeprefix("W/") for tag in given.split(",")]


class Pictures:
    """Draws one picture at a time, and caches the 16 used last by their tags."""

    def __init__(self, draw: Draw, zone: ZoneInfo) -> None:
        self._draw = draw
        self._zone = zone
        self._drawn: LRUCache[str, bytes] = LRUCache(_PICTURES_MAX)
        self._drawing = asyncio.Lock()
        #: part of every tag: another version of the program may draw the same numbers differently
        self._process_id = secrets.token_hex(4)

    def tag(self, kind: Picture, days: Sequence[DayStats], theme: Theme) -> str:
        """The ETag of a picture: within one process and language, equal numbers have equal tags."""
        shown = [day.model_dump(mode="json") for day in days]
        text = json.dumps([self._process_id, kind, theme, self._zone.key, spoken(), shown])
        return f'"{sha256(text.encode()).hexdigest()[:32]}"'

    async def png(self, tag: str, kind: Picture, days: Sequence[DayStats], theme: Theme) -> bytes:
        """The picture of `tag`, from the cache or drawn now. Concurrent callers wait for the one that draws."""
        async with self._drawing:
            if tag not in self._drawn:
                self._drawn[tag] = await self._draw(kind, days, theme, self._zone)
            return self._drawn[tag]
