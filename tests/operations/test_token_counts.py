"""A day's links are counted up to the limit and never beyond it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.days import start_of_day
from database.connection import Database
from database.operations import token_counts

ANN, BOB = 7, 8
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_links_are_counted_up_to_the_limit(db: Database) -> None:
    assert [await token_counts.count_link(ANN, TODAY, 3) for _ in range(5)] == [1, 2, 3, None, None]
    assert await token_counts.links_on(ANN, TODAY) == 3
    assert await db.collection("token_generator_count").count({}) == 1


async def test_users_and_days_have_their_own_counts(db: Database) -> None:
    assert await token_counts.count_link(ANN, TODAY, 1) == 1
    assert await token_counts.count_link(BOB, TODAY, 1) == 1
    assert await token_counts.count_link(ANN, TODAY + DAY, 1) == 1
    assert await token_counts.links_on(ANN, TODAY - DAY) == 0


async def test_a_changed_limit_applies_at_once(db: Database) -> None:
    await token_counts.count_link(ANN, TODAY, 2)
    await token_counts.count_link(ANN, TODAY, 2)
    assert await token_counts.count_link(ANN, TODAY, 1) is None
    assert await token_counts.count_link(ANN, TODAY, 3) == 3


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_of_zero_refuses_every_link(db: Database, limit: int) -> None:
    assert await token_counts.count_link(ANN, TODAY, limit) is None
    assert await token_counts.links_on(ANN, TODAY) == 0


async def test_a_link_is_uncounted_and_never_below_zero(db: Database) -> None:
    assert not await token_counts.uncount_link(ANN, TODAY)
    await token_counts.count_link(ANN, TODAY, 1)

    assert await token_counts.uncount_link(ANN, TODAY)
    assert not await token_counts.uncount_link(ANN, TODAY)
    assert await token_counts.links_on(ANN, TODAY) == 0
    assert await token_counts.count_link(ANN, TODAY, 1) == 1


async def test_both_of_two_concurrent_first_links_are_counted(
    db: Database, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("token_generator_count", "find_one_and_update")
    # the first attempt acted as the concurrent call, which was counted
    assert await token_counts.count_link(ANN, TODAY, 2) == 2


async def test_the_second_of_two_links_for_the_only_place_is_refused(
    db: Database, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("token_generator_count", "find_one_and_update")
    assert await token_counts.count_link(ANN, TODAY, 1) is None
    assert await token_counts.links_on(ANN, TODAY) == 1


async def test_counting_costs_one_command_and_refusing_two(db: Database) -> None:
    await token_counts.count_link(ANN, TODAY, 1)
    assert db.calls.total() == 1
    await token_counts.count_link(ANN, TODAY, 1)
    assert db.calls.total() == 3


async def test_a_hundred_concurrent_links_never_exceed_the_limit(db: Database) -> None:
    counts = await asyncio.gather(*(token_counts.count_link(ANN, TODAY, 15) for _ in range(100)))
    assert sorted(count for count in counts if count is not None) == list(range(1, 16))


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Asia/Kolkata", datetime(2026, 3, 1, 18, 29, 59, 999_000, UTC), datetime(2026, 3, 1, 18, 30, tzinfo=UTC)),
        # the clocks go forward at 2 in the morning of the 8th, and back on the 1st of November
        ("America/New_York", datetime(2026, 3, 8, 4, 59, 59, 999_000, UTC), datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 9, 3, 59, 59, 999_000, UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 2, 4, 59, 59, 999_000, UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)),
    ],
)
async def test_the_day_ends_at_midnight_of_the_zone(db: Database, zone: str, before: datetime, after: datetime) -> None:
    yesterday, today = start_of_day(before, ZoneInfo(zone)), start_of_day(after, ZoneInfo(zone))
    assert await token_counts.count_link(ANN, yesterday, 1) == 1
    assert await token_counts.count_link(ANN, yesterday, 1) is None
    assert await token_counts.count_link(ANN, today, 1) == 1

    assert (await token_counts.reset_token_counts(today)).count == 1
    assert (await token_counts.links_on(ANN, yesterday), await token_counts.links_on(ANN, today)) == (0, 1)
