"""Events as the bots make them happen."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.posts import Post
from core.statistics import Count, DayStats
from core.users import Visitor
from core.verification import Token
from database.operations import delivery_ops, statistics_ops, token_ops, user_ops
from database.operations.counting.batches import count_events
from database.operations.delivery_ops import Claim, NewDelivery

ZONE = ZoneInfo("Europe/Berlin")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TOKEN = "T" * 32


def day_of(now: datetime) -> datetime:
    return start_of_day(now, ZONE)


async def claim(code: str, user_id: int, at: datetime) -> Claim:
    found = await delivery_ops.start(NewDelivery(1, user_id, code, f"u{user_id} {at}", "a", at, None, 5))
    assert found is not None
    return found


async def arrive(
    post: Post | str, user_id: int, at: datetime, *, whole: bool = True, source: str | None = None
) -> None:
    """Deliver the post at `at`, whole or in part."""
    mine = await claim(post if isinstance(post, str) else post.code, user_id, at)
    day = day_of(at) if whole else None
    assert await delivery_ops.record_sent(
        mine, [user_id], None, sent_at=at, delete_at=None, paid_until=None, whole_on=day, source=source
    )


async def start(user_id: int, at: datetime, source: str | None = None) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=user_id, first_name="Ann"), at, source=source)


async def add_token(at: datetime, *, token: str = TOKEN, is_replacement: bool = False) -> None:
    await token_ops.add(
        Token(
            token=token,
            user_id=7,
            post_code=None,
            link="https://s.example/x",
            has_page=False,
            bot_username="shop_bot",
            created_at=at,
            shown_at=at,
            expires_at=at + 2 * DAY,
            is_replacement=is_replacement,
        )
    )


async def pay(at: datetime, token: str = TOKEN) -> None:
    """Finish an unlock and pay it."""
    assert await token_ops.redeem(token, 7, at, elapsed_seconds=40.0) is not None
    assert await token_ops.mark_granted(token, at)


async def count_all(limit: int = 500) -> int:
    total = 0
    while counted := await count_events(ZONE, limit):
        total += counted
    return total


async def stored(now: datetime) -> DayStats:
    """The day of `now`, after everything is counted."""
    await count_all()
    return await as_stored(now)


async def as_stored(now: datetime) -> DayStats:
    found = await statistics_ops.last_days(now + MINUTE, 400)
    return next((day for day in found if day.date == day_of(now)), DayStats(date=day_of(now)))


def steps(day: DayStats) -> tuple[int, int, int, int]:
    return day.count(Count.TRIES), day.count(Count.JOINED), day.count(Count.UNLOCKED), day.count(Count.DELIVERED)
