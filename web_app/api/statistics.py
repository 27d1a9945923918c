"""`/api/admin/scheduler/statistics` and the charts: what was counted day by day, and how many there are right now."""

import asyncio
import json
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from core.statistics import DayStats
from database.operations import statistics_ops
from monitoring.pictures import Picture, Theme
from web_app.api.access import ApiAccess, Operator
from web_app.api.models import Day, Post, Statistics
from web_app.api.numbers import Numbers
from web_app.services import Draw

#: days that may be asked for at once: a year, and the day it began with
DAYS_MAX = 366
#: pictures kept, some 40 kB each: all there are for two lengths of time
_PICTURES_MAX = 16
#: seconds a browser shows a picture without asking
_PICTURE_S = 60

Days = Annotated[int, Query(ge=1, le=DAYS_MAX, description="the last so many days")]


def statistics_router(access: ApiAccess, zone: ZoneInfo, numbers: Numbers, draw: Draw) -> APIRouter:
    """The routes of numbers and pictures."""
    router = APIRouter(tags=["statistics"])
    signed_in = Annotated[Operator, Depends(access.operator)]
    pictures = Pictures(draw, zone)

    @router.get("/scheduler/statistics", response_model=Statistics)
    async def statistics(_: signed_in, days: Days = 30) -> Statistics:
        """Each counted day of the last `days`, and how many users, posts and promises there are right now."""
        now = access.clock.now()
        found = await statistics_ops.last_days(now, days)
        return Statistics(days=[_day(day, zone) for day in found], now=await numbers.current(now))

    @router.get(
        "/pictures/{kind}.png",
        response_class=Response,
        responses={
            200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
            304: {"description": "The picture the browser has (If-None-Match) still holds."},
        },
    )
    async def picture(
        request: Request, _: signed_in, kind: Picture, theme: Theme = Theme.LIGHT, days: Days = 30
    ) -> Response:
        """A chart of the last `days`."""
        found = await statistics_ops.last_days(access.clock.now(), days)
        tag = pictures.tag(kind, found, theme)
        headers = {"ETag": tag, "Cache-Control": f"private, max-age={_PICTURE_S}"}
        if tag in _known(request):
            return Response(status_code=304, headers=headers)
        return Response(await pictures.png(tag, kind, found, theme), media_type="image/png", headers=headers)

    return router


def _day(day: DayStats, zone: ZoneInfo) -> Day:
    return Day(
        date=day.date.astimezone(zone).date(),
        counters=day.counters,
        top_posts=[Post(code=post.code, title=post.title, deliveries=post.deliveries) for post in day.top_posts],
    )


def _known(request: Request) -> list[str]:
    """The tags of what the browser has; a proxy that compresses may have marked them as weak."""
    given = request.headers.get("if-none-match", "")
    return [tag.strip().removeprefix("W/") for tag in given.split(",")]


@dataclass(slots=True)
class Pictures:
    """Draws each picture once as long as its numbers stay the same, one after the other."""

    draw: Draw
    zone: ZoneInfo
    _drawn: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _pen: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: another version of this program may draw the same numbers differently
    _edition: str = field(default_factory=lambda: secrets.token_hex(4))

    def tag(self, kind: Picture, days: Sequence[DayStats], theme: Theme) -> str:
        """An ETag of what is drawn: the same numbers are the same picture, for one process."""
        shown = [day.model_dump(mode="json") for day in days]
        text = json.dumps([self._edition, kind, theme, self.zone.key, shown])
        return f'"{sha256(text.encode()).hexdigest()[:32]}"'

    async def png(self, tag: str, kind: Picture, days: Sequence[DayStats], theme: Theme) -> bytes:
        """The picture of `tag`. Who asks while it is drawn waits for it."""
        async with self._pen:
            if tag not in self._drawn:
                self._drawn[tag] = await self.draw(kind, days, theme, self.zone)
            self._drawn.move_to_end(tag)
            if len(self._drawn) > _PICTURES_MAX:
                self._drawn.popitem(last=False)
            return self._drawn[tag]
