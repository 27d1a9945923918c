"""The statistics job: what is kept at midnight, and which run may write it. What is counted: operations/counting."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.errors import AutoReconnect

from core.clock import Clock, ManualClock
from core.errors import StoreUnavailable
from core.jobs import Counts
from core.statistics import ACTIVE, Count, DayStats, TopPost
from core.statistics.events import Event, Mark
from core.users import Visitor
from database.connection import Database
from database.operations import delivery_ops, statistics_ops, user_ops
from database.operations.delivery_ops import NewDelivery
from database.operations.posts import post_ops
from schedulers.jobs.statistics.midnight import DAYS_BACK, TOP_POSTS, Statistics
from schedulers.runner import Run
from tests.clocks import SteeredClock

MS, HOUR, DAY = timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=1)
#: midnight; the clock starts at noon
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
YESTERDAY = TODAY - DAY
NOW = TODAY + 12 * HOUR
UTC_ZONE = ZoneInfo("UTC")
BOT = 1002


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def count(clock: Clock, fence: int = 1, zone: ZoneInfo = UTC_ZONE, run: Run | None = None) -> Counts:
    """Run the job once; pauses take no time."""
    return await Statistics(zone, {"pause_ms": 0})(run or Run(clock, "counter", fence=fence))


async def days(clock: ManualClock) -> list[DayStats]:
    return await statistics_ops.last_days(clock.now() + DAY, 10)


async def day_of(clock: ManualClock, date: datetime) -> DayStats:
    (found,) = [day for day in await days(clock) if day.date == date]
    return found


def of_a_day(day: DayStats) -> dict[str, int]:
    """The active subscribers that are not 0."""
    return {name: day.count(name) for name in ACTIVE.values() if day.count(name)}


async def started(user_id: int, code: str, at: datetime) -> delivery_ops.Claim:
    claim = await delivery_ops.start(NewDelivery(BOT, user_id, code, "", "a process", at, None))
    assert claim is not None
    return claim


async def opened(user_id: int, code: str, at: datetime) -> None:
    claim = await started(user_id, code, at)
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert await delivery_ops.record_sent(claim, [1], None, sent_at=at, delete_at=None, paid_until=None, whole_on=day)


async def seen(user_id: int, at: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=user_id), at)


async def test_an_empty_database_has_two_days_without_counts(db: Database, clock: ManualClock) -> None:
    assert await count(clock) == Counts({"days": 2})
    assert [(day.date, of_a_day(day), day.top_posts) for day in await days(clock)] == [
        (YESTERDAY, {}, ()),
        (TODAY, {}, ()),
    ]


async def test_who_was_seen_within_1_7_and_30_days_is_active_once_in_each(db: Database, clock: ManualClock) -> None:
    edges = (TODAY - 31 * DAY, TODAY - 29 * DAY, TODAY - 6 * DAY - MS, TODAY - 6 * DAY, TODAY - MS, TODAY, NOW - MS)
    for number, at in enumerate(edges, 1):
        await seen(number, at)
        await seen(number, at)
    await count(clock)
    assert of_a_day(await day_of(clock, TODAY)) == {"active_users": 2, "active_7": 4, "active_30": 6}


async def test_a_day_is_one_of_the_zone(db: Database, clock: ManualClock) -> None:
    midnight = datetime(2026, 2, 28, 18, 30, tzinfo=UTC)  # begins 1 March in Kolkata
    for number, at in enumerate((midnight - MS, midnight), 1):
        await seen(number, at)
    await count(clock, zone=ZoneInfo("Asia/Kolkata"))
    today = await day_of(clock, midnight)
    assert (today.count(Count.ACTIVE_USERS), today.count(Count.NEW_USERS)) == (1, 1)
    # of yesterday, which was over for longer than an hour, nothing is kept that may be wrong
    yesterday = await day_of(clock, midnight - DAY)
    assert (Count.ACTIVE_USERS in yesterday.counters, yesterday.count(Count.NEW_USERS)) == (False, 1)


@pytest.mark.parametrize(
    ("today", "hours_of_yesterday"),
    [(datetime(2026, 3, 30), 23), (datetime(2026, 10, 26), 25)],  # noqa: DTZ001 - the day after, in Berlin
)
async def test_a_day_of_23_or_25_hours_is_counted_whole(
    db: Database, clock: ManualClock, today: datetime, hours_of_yesterday: int
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = today.replace(tzinfo=berlin).astimezone(UTC)
    clock.move(midnight + HOUR - NOW)
    began = midnight - hours_of_yesterday * HOUR
    for number, at in enumerate((began - MS, began, midnight - MS, midnight), 1):
        await seen(number, at)
    await count(clock, zone=berlin)
    found = {day.date: day.count(Count.ACTIVE_USERS) for day in await days(clock) if Count.ACTIVE_USERS in day.counters}
    assert found == {began: 2, midnight: 1}


async def test_who_is_seen_again_before_the_day_is_closed_stays_active_on_it(db: Database, clock: ManualClock) -> None:
    for user_id in (1, 2, 3):
        await seen(user_id, NOW - HOUR)
    await count(clock)
    clock.move(12 * HOUR)  # midnight
    await seen(1, clock.now())
    await count(clock)
    assert (await day_of(clock, TODAY)).count(Count.ACTIVE_USERS) == 3


async def test_events_that_nobody_counted_are_counted_and_old_tries_removed(db: Database, clock: ManualClock) -> None:
    await opened(1, "one", TODAY - 4 * DAY)
    await opened(1, "one", TODAY)
    counts = await count(clock)
    assert counts.done["events"] > 0
    assert (await day_of(clock, TODAY)).count(Count.DELIVERED) == 1
    assert await db.collection("tries").count({}) == 1


async def test_a_day_is_closed_once(db: Database, clock: ManualClock) -> None:
    await count(clock)
    assert await statistics_ops.is_closed(YESTERDAY) and not await statistics_ops.is_closed(TODAY)
    await seen(1, TODAY - HOUR)
    assert await count(clock) == Counts({"days": 1, "events": 1})
    assert Count.ACTIVE_USERS not in (await day_of(clock, YESTERDAY)).counters


@pytest.mark.parametrize("was_closed", [True, False])
async def test_after_three_days_down_one_run_closes_all_of_them(
    db: Database, clock: ManualClock, was_closed: bool
) -> None:
    """Also the day of the last run before, which has a row; those between have none."""
    await (count(clock) if was_closed else statistics_ops.add_once(TODAY, "a", {"tokens": 1}))
    clock.move(4 * DAY)
    assert await count(clock) == Counts({"days": 5})
    found = [day for day in await days(clock) if day.date >= TODAY]
    assert [day.date for day in found] == [TODAY + number * DAY for number in range(5)]
    assert [await statistics_ops.is_closed(day.date) for day in found] == [True] * 4 + [False]
    assert await count(clock) == Counts({"days": 1})


async def test_after_a_long_absence_seven_days_are_closed(db: Database, clock: ManualClock) -> None:
    for number in range(30):
        await statistics_ops.add_once(TODAY - number * DAY, "a", {"tokens": 1})
    assert await count(clock) == Counts({"days": DAYS_BACK + 1})
    closed = [await statistics_ops.is_closed(TODAY - number * DAY) for number in range(10)]
    assert closed == [False] + [True] * DAYS_BACK + [False] * 2


async def test_a_run_that_ends_early_leaves_no_open_day_before_a_closed_one(db: Database, clock: ManualClock) -> None:
    await count(clock)
    clock.move(3 * DAY)

    async def stop_after_the_first_day(seconds: float) -> None:
        if run.done["days"]:
            run.stopping.set()

    run = Run(SteeredClock(stop_after_the_first_day, start=clock.now()), "counter", fence=1)
    assert await count(clock, run=run) == Counts({"days": 1}, more=True)
    assert await count(clock) == Counts({"days": 3})
    assert all([await statistics_ops.is_closed(TODAY + number * DAY) for number in range(3)])


async def test_the_ten_posts_most_users_got_are_kept_the_first_first(db: Database, clock: ManualClock) -> None:
    posts = [
        await post_ops.create(title=f"Post {n}", storage_chat_id=-1, message_ids=[n], created_by=1, created_at=NOW)
        for n in range(1, TOP_POSTS + 2)
    ]
    user_id = 0
    for rank, post in enumerate(posts):
        for _ in range(TOP_POSTS + 1 - rank):
            user_id += 1
            await opened(user_id, post.code, TODAY + HOUR)
    await opened(user_id + 1, posts[-1].code, TODAY - HOUR)
    await count(clock)
    top = (await day_of(clock, TODAY)).top_posts
    assert top == tuple(
        TopPost(code=post.code, title=post.title, deliveries=TOP_POSTS + 1 - rank)
        for rank, post in enumerate(posts[:TOP_POSTS])
    )
    assert [one.code for one in (await day_of(clock, YESTERDAY)).top_posts] == [posts[-1].code]


async def test_a_deleted_post_keeps_its_code(db: Database, clock: ManualClock) -> None:
    await opened(1, "gone", TODAY)
    await count(clock)
    assert (await day_of(clock, TODAY)).top_posts == (TopPost(code="gone", title="", deliveries=1),)


async def test_totals_are_those_at_the_time_of_the_run(db: Database, clock: ManualClock) -> None:
    for user_id in (1, 2, 3):
        await seen(user_id, NOW)
    await user_ops.mark_blocked(2, NOW)
    await post_ops.create(title="A", storage_chat_id=-1, message_ids=[1], created_by=1, created_at=NOW)
    await count(clock)
    today = await day_of(clock, TODAY)
    assert [today.count(name) for name in (Count.USERS, Count.BLOCKED_USERS, Count.POSTS)] == [3, 1, 1]
    # a server reports its size, the memory store does not
    assert (Count.DATABASE_BYTES in today.counters) is not db.is_memory


@pytest.mark.parametrize(("late", "users"), [(HOUR, 2), (HOUR + MS, 1)])
async def test_a_day_closed_late_keeps_the_totals_of_its_last_run(
    db: Database, clock: ManualClock, late: timedelta, users: int
) -> None:
    await seen(1, NOW)
    await count(clock)
    clock.move(12 * HOUR + late)
    await seen(2, clock.now())
    await count(clock)
    assert (await day_of(clock, TODAY)).count(Count.USERS) == users
    assert (await day_of(clock, TODAY + DAY)).count(Count.USERS) == 2


async def test_a_run_with_an_older_fence_writes_nothing(db: Database, clock: ManualClock) -> None:
    await seen(1, NOW - HOUR)
    assert await count(clock, fence=7) == Counts({"days": 2, "events": 1})
    before = await days(clock)
    await db.collection("users").update_one({"user_id": 1}, {"$set": {"blocked_at": NOW}})
    assert await count(clock, fence=6) == Counts({"refused": 1}, more=True)
    assert await days(clock) == before
    assert await count(clock, fence=7) == Counts({"days": 1})
    assert (await day_of(clock, TODAY)).count(Count.BLOCKED_USERS) == 1


async def test_a_run_that_resumes_after_another_has_written_is_refused(db: Database, clock: ManualClock) -> None:
    suspended, resumed = asyncio.Event(), asyncio.Event()

    async def suspend_at_the_last_count(seconds: float) -> None:
        if db.calls["count users"] == 3:
            suspended.set()
            await resumed.wait()

    first = asyncio.create_task(count(SteeredClock(suspend_at_the_last_count, start=NOW)))
    await suspended.wait()
    await seen(2, NOW - HOUR)
    assert await count(clock, fence=2) == Counts({"days": 1, "events": 1})
    resumed.set()
    assert await first == Counts({"days": 1, "refused": 1}, more=True)
    today = await day_of(clock, TODAY)
    assert (today.count(Count.ACTIVE_USERS), today.count(Count.USERS)) == (1, 1)


async def test_of_twenty_concurrent_writes_of_a_new_day_the_highest_fence_stays(db: Database) -> None:
    fences: Sequence[int] = range(1, 21)
    wrote = await asyncio.gather(
        *(statistics_ops.write_day(TODAY, fence, NOW, {Count.ACTIVE_USERS: fence}) for fence in fences)
    )
    (row,) = await db.collection("daily_stats").find({}, limit=30)
    assert row["fence"] == 20 and row["counters"] == {"active_users": 20}
    assert wrote[-1]


async def test_counts_that_a_broadcast_added_to_the_day_stay(db: Database, clock: ManualClock) -> None:
    await statistics_ops.add_once(TODAY, "broadcast x", {"broadcast_sent": 5, "broadcast_failed": 2})
    await count(clock)
    today = await day_of(clock, TODAY)
    # the broadcast's own count is the higher one, and its other counters stay
    assert today.count(Count.BROADCAST_COPIES) == 5 and today.counters["broadcast_failed"] == 2


async def test_copies_counted_when_sending_ended_and_when_the_rows_went_are_not_added_up(
    db: Database, clock: ManualClock
) -> None:
    mark = Mark(Event.REACHED, NOW).text
    await db.collection("broadcasts").insert_one({"key": "x", "counts": {"sent": 9}, "uncounted": [mark]})
    await statistics_ops.add_once(TODAY, "broadcast x", {"broadcast_sent": 9})
    await count(clock)
    assert (await day_of(clock, TODAY)).count(Count.BROADCAST_COPIES) == 9


async def test_a_stop_in_the_middle_of_a_day_writes_nothing_of_it(db: Database, clock: ManualClock) -> None:
    async def stop(seconds: float) -> None:
        run.stopping.set()

    run = Run(SteeredClock(stop, start=TODAY + HOUR - MS), "counter", fence=1)
    assert await count(clock, run=run) == Counts({}, more=True)
    assert await db.collection("daily_stats").count({}) == 0


@pytest.mark.parametrize(
    ("call", "written"),
    # at noon nothing is kept of yesterday, which is complete by then
    [("aggregate post_days", 0), ("count users", 1), ("dbStats ", 1)],
)
async def test_an_outage_writes_no_half_day_and_the_next_run_does_it(
    db: Database, clock: ManualClock, call: str, written: int
) -> None:
    def refuse(operation: str, collection: str) -> None:
        if f"{operation} {collection}" == call:
            raise AutoReconnect("connection closed")

    db.before_call = refuse
    with pytest.raises(StoreUnavailable):
        await count(clock)
    db.before_call = None
    assert await db.collection("daily_stats").count({}) == written
    assert await count(clock) == Counts({"days": 2 - written})


async def test_a_clock_set_back_over_midnight_decreases_no_count(db: Database, clock: ManualClock) -> None:
    await seen(1, NOW - HOUR)
    await count(clock)
    before = {day.date: of_a_day(day) for day in await days(clock)}
    clock.move(-13 * HOUR)
    await count(clock, fence=2)
    after: dict[datetime, Any] = {day.date: of_a_day(day) for day in await statistics_ops.last_days(NOW, 10)}
    assert {date: after[date] for date in before} == before


async def test_days_are_read_oldest_first_up_to_the_limit(db: Database, clock: ManualClock) -> None:
    for number in range(5):
        await statistics_ops.add_once(TODAY - number * DAY, "a", {"posts": number + 1})
    found = await statistics_ops.last_days(TODAY, 3)
    assert [(day.date, day.count(Count.POSTS)) for day in found] == [
        (TODAY - 3 * DAY, 4),
        (TODAY - 2 * DAY, 3),
        (TODAY - DAY, 2),
    ]
