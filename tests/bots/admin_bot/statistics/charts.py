"""Counted days, and a stand-in for matplotlib, for tests of /stats."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from aiogram.methods import SendMediaGroup
from aiogram.types import InputMediaPhoto

from admin_bot.statistics.charts import ChartAlbums
from core.days import start_of_day
from core.statistics import Count, DayStats, TopPost
from database.operations import statistics_ops
from monitoring.pictures import Picture, Theme
from tests.bots.admin_bot.conftest import AdminBot

NUMBERS = {
    Count.NEW_USERS: 5,
    Count.ACTIVE_USERS: 20,
    Count.TRIES: 50,
    Count.JOINED: 45,
    Count.UNLOCKED: 42,
    Count.DELIVERED: 40,
    Count.UNLOCKS: 27,
    Count.TOO_FAST: 3,
    Count.BROADCASTS: 1,
    Count.BROADCAST_COPIES: 1500,
}


@dataclass
class Pencil:
    """Draws at once, unless `release` makes it wait or `error` makes it fail."""

    drawn: list[tuple[Picture, int, Theme]] = field(default_factory=list)
    error: BaseException | None = None
    release: asyncio.Event | None = None
    at_once: int = 0
    most_at_once: int = 0

    async def __call__(self, kind: Picture, days: Sequence[DayStats], theme: Theme, zone: ZoneInfo) -> bytes:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.drawn.append((kind, len(days), theme))
        if self.release is not None:
            await self.release.wait()
        self.at_once -= 1
        if self.error is not None:
            raise self.error
        return f"{kind} {len(days)}".encode()


def charts(admin: AdminBot) -> ChartAlbums:
    return admin.data["statistics"]._charts


async def counted(admin: AdminBot, days_ago: int, **more: int) -> None:
    """A day as the statistics job leaves it."""
    zone = admin.data["zone"]
    date = start_of_day(start_of_day(admin.clock.now(), zone) - timedelta(days=days_ago, hours=-2), zone)
    counts = NUMBERS | {Count(name): number for name, number in more.items()}
    totals = {Count.USERS: 1000, Count.BLOCKED_USERS: 12, Count.POSTS: 9, Count.DATABASE_BYTES: 3_400_000}
    posts = [TopPost(code="A" * 16, title="<b>Best</b>", deliveries=7)]
    assert await statistics_ops.write_day(date, 1, admin.clock.now(), counts, totals=totals, posts=posts)


def albums(admin: AdminBot) -> list[list[InputMediaPhoto]]:
    return [[one for one in call.media if isinstance(one, InputMediaPhoto)] for call in admin.world.of(SendMediaGroup)]


def the_text(admin: AdminBot) -> str:
    return next(text for text in reversed(admin.texts) if text.startswith(("<b>Last", "<b>Today", "<b>All")))
