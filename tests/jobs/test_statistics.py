"""The daily statistics: what belongs to a day, what is as of the last run, and which run may write them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.errors import AutoReconnect

import web_app
from core.broadcasts import BroadcastStatus
from core.clock import Clock, ManualClock
from core.errors import StoreUnavailable
from core.jobs import Counts
from core.statistics import Count, DayStats, TopPost
from core.users import Visitor
from core.verification import Token
from database.connection import Database
from database.operations import delivery_ops, statistics_ops, token_ops, user_ops
from database.operations.delivery_ops import NewDelivery
from database.operations.posts import post_ops
from schedulers.jobs.statistics import DAYS_BACK, TOP_POSTS, Statistics
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
    """The counts of the day itself that are not 0."""
    return {name: day.count(name) for name in statistics_ops.DAILY_COUNTS if day.count(name)}


async def started(user_id: int, code: str, at: datetime) -> delivery_ops.Claim:
    claim = await delivery_ops.start(NewDelivery(BOT, user_id, code, "", "a process", at, None))
    assert claim is not None
    return claim


async def opened(user_id: int, code: str, at: datetime) -> None:
    claim = await started(user_id, code, at)
    assert await delivery_ops.record_sent(claim, [1], None, sent_at=at, delete_at=None, paid_until=None)


def token(number: int, made_at: datetime) -> Token:
    return Token(token=f"{number:032}", user_id=number, created_at=made_at, expires_at=made_at + 2 * DAY)


async def test_an_empty_database_has_two_days_without_counts(db: Database, clock: ManualClock) -> None:
    assert await count(clock) == Counts({"days": 2})
    assert [(day.date, of_a_day(day), day.top_posts) for day in await days(clock)] == [
        (YESTERDAY, {}, ()),
        (TODAY, {}, ()),
    ]


async def test_a_day_begins_at_its_midnight_and_ends_before_the_next(db: Database, clock: ManualClock) -> None:
    edges = (YESTERDAY - MS, YESTERDAY, TODAY - MS, TODAY, NOW - MS)
    for number, at in enumerate(edges, 1):
        await user_ops.upsert_visitor(Visitor(user_id=number), at)
        await opened(number, f"post{number}", at)
        await token_ops.add(token(number, at))
        await token_ops.add(token(100 + number, at))
        await token_ops.mark_verified(f"{number:032}", at, 1.0)
        await token_ops.mark_bypassed(f"{100 + number:032}", at)
        counts = {"sent": 2, "deleted": 3, "kept": 4, "failed": 100}
        ended = {"status": BroadcastStatus.SENT, "started_at": at, "finished_at": at, "counts": counts}
        await db.collection("broadcasts").insert_one({"key": f"{number}", **ended})
    await count(clock)
    two_of_each: dict[str, int] = {
        Count.NEW_USERS: 2,
        Count.ACTIVE_USERS: 2,
        Count.DELIVERIES: 2,
        Count.TOKENS: 4,
        Count.VERIFIED: 2,
        Count.BYPASSED: 2,
        Count.BROADCASTS: 2,
        Count.BROADCAST_COPIES: 18,
    }
    assert of_a_day(await day_of(clock, YESTERDAY)) == two_of_each
    assert of_a_day(await day_of(clock, TODAY)) == two_of_each
    assert await statistics_ops.last_days(YESTERDAY, 10) == []


async def test_a_day_is_one_of_the_zone(db: Database, clock: ManualClock) -> None:
    midnight = datetime(2026, 2, 28, 18, 30, tzinfo=UTC)  # begins 1 March in Kolkata
    for number, at in enumerate((midnight - MS, midnight), 1):
        await user_ops.upsert_visitor(Visitor(user_id=number), at)
    await count(clock, zone=ZoneInfo("Asia/Kolkata"))
    assert [(day.date, day.count(Count.NEW_USERS)) for day in await days(clock)] == [
        (midnight - DAY, 1),
        (midnight, 1),
    ]


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
        await user_ops.upsert_visitor(Visitor(user_id=number), at)
    await count(clock, zone=berlin)
    found = {day.date: day.count(Count.NEW_USERS) for day in await days(clock)}
    assert found == {began: 2, midnight: 1}


async def test_deliveries_of_one_post_to_one_user_count_once_a_day(db: Database, clock: ManualClock) -> None:
    for at in (TODAY, TODAY + HOUR, TODAY + 2 * HOUR):
        await opened(1, "one", at)
    await opened(2, "one", TODAY)
    await opened(1, "two", TODAY)
    await delivery_ops.record_refused(await started(3, "one", TODAY))
    await delivery_ops.record_refused(await started(2, "one", NOW - MS))
    await count(clock)
    assert (await day_of(clock, TODAY)).count(Count.DELIVERIES) == 3


async def test_a_delivery_that_may_have_arrived_counts_and_a_refused_one_does_not(
    db: Database, clock: ManualClock
) -> None:
    await delivery_ops.record_unknown(await started(1, "one", TODAY), 5)
    await delivery_ops.record_refused(await started(2, "one", TODAY))
    await started(3, "one", TODAY)
    await count(clock)
    day = await day_of(clock, TODAY)
    assert (day.count(Count.DELIVERIES), [post.deliveries for post in day.top_posts]) == (2, [2])


async def test_a_count_does_not_decrease_when_the_day_is_closed(db: Database, clock: ManualClock) -> None:
    for user_id in (1, 2, 3):
        await user_ops.upsert_visitor(Visitor(user_id=user_id), NOW - HOUR)
        await opened(user_id, "one", NOW - HOUR)
    await count(clock)
    clock.move(12 * HOUR)  # midnight
    await user_ops.upsert_visitor(Visitor(user_id=1), clock.now())
    await opened(1, "one", clock.now())
    await opened(4, "two", clock.now() - HOUR)
    await count(clock)
    over = await day_of(clock, TODAY)
    # the closing run finds deliveries to 2, 3 and 4, but of the active users only 2 and 3
    assert (over.count(Count.DELIVERIES), over.count(Count.ACTIVE_USERS)) == (3, 3)


async def test_a_day_is_closed_once(db: Database, clock: ManualClock) -> None:
    await count(clock)
    assert await statistics_ops.is_closed(YESTERDAY) and not await statistics_ops.is_closed(TODAY)
    await user_ops.upsert_visitor(Visitor(user_id=1), TODAY - HOUR)
    assert await count(clock) == Counts({"days": 1})
    assert (await day_of(clock, YESTERDAY)).count(Count.NEW_USERS) == 0


@pytest.mark.parametrize("was_closed", [True, False])
async def test_after_three_days_down_one_run_closes_all_of_them(
    db: Database, clock: ManualClock, was_closed: bool
) -> None:
    """Also the day of the last run before, which has a row; those between have none."""
    await (count(clock) if was_closed else statistics_ops.add_once(TODAY, "a", {"tokens": 1}))
    for number in range(4):
        await user_ops.upsert_visitor(Visitor(user_id=number + 1), NOW + number * DAY)
    clock.move(4 * DAY)
    assert await count(clock) == Counts({"days": 5})
    found = [day for day in await days(clock) if day.date >= TODAY]
    assert [(day.date, day.count(Count.NEW_USERS)) for day in found] == [
        (TODAY + number * DAY, int(number < 4)) for number in range(5)
    ]
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


def test_the_page_writes_one_post_in_the_singular() -> None:
    script = Path(web_app.__file__).with_name("static") / "admin_numbers.js"
    assert '`of ${number(live)} ${live === 1 ? "post" : "posts"}`' in script.read_text(encoding="utf-8")


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
        await user_ops.upsert_visitor(Visitor(user_id=user_id), NOW)
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
    await user_ops.upsert_visitor(Visitor(user_id=1), NOW)
    await count(clock)
    clock.move(12 * HOUR + late)
    await user_ops.upsert_visitor(Visitor(user_id=2), clock.now())
    await count(clock)
    assert (await day_of(clock, TODAY)).count(Count.USERS) == users
    assert (await day_of(clock, TODAY + DAY)).count(Count.USERS) == 2


async def test_a_run_with_an_older_fence_writes_nothing(db: Database, clock: ManualClock) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=1), NOW - HOUR)
    assert await count(clock, fence=7) == Counts({"days": 2})
    before = await days(clock)
    await user_ops.upsert_visitor(Visitor(user_id=2), NOW - HOUR)
    assert await count(clock, fence=6) == Counts({"refused": 1}, more=True)
    assert await days(clock) == before
    assert await count(clock, fence=7) == Counts({"days": 1})
    assert (await day_of(clock, TODAY)).count(Count.NEW_USERS) == 2


async def test_a_run_that_resumes_after_another_has_written_is_refused(db: Database, clock: ManualClock) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=1), NOW - HOUR)
    suspended, resumed = asyncio.Event(), asyncio.Event()

    async def suspend_at_the_last_counter(seconds: float) -> None:
        if db.calls["aggregate broadcasts"] == 2:
            suspended.set()
            await resumed.wait()

    first = asyncio.create_task(count(SteeredClock(suspend_at_the_last_counter, start=NOW)))
    await suspended.wait()
    await user_ops.upsert_visitor(Visitor(user_id=2), NOW - HOUR)
    assert await count(clock, fence=2) == Counts({"days": 1})
    resumed.set()
    assert await first == Counts({"days": 1, "refused": 1}, more=True)
    today = await day_of(clock, TODAY)
    assert (today.count(Count.NEW_USERS), today.count(Count.USERS)) == (2, 2)


async def test_of_twenty_concurrent_writes_of_a_new_day_the_highest_fence_stays(db: Database) -> None:
    fences: Sequence[int] = range(1, 21)
    wrote = await asyncio.gather(
        *(statistics_ops.write_day(TODAY, fence, NOW, {Count.TOKENS: fence}) for fence in fences)
    )
    (row,) = await db.collection("daily_stats").find({}, limit=30)
    assert row["fence"] == 20 and row["counters"] == {"tokens": 20}
    assert wrote[-1]


async def test_counts_that_a_broadcast_added_to_the_day_stay(db: Database, clock: ManualClock) -> None:
    await statistics_ops.add_once(TODAY, "broadcast x", {"broadcast_sent": 5, "broadcast_failed": 2})
    await user_ops.upsert_visitor(Visitor(user_id=1), NOW - HOUR)
    await count(clock)
    today = await day_of(clock, TODAY)
    assert today.count(Count.NEW_USERS) == 1
    # the broadcast's own count is the higher one, and its other counters stay
    assert today.count(Count.BROADCAST_COPIES) == 5 and today.counters["broadcast_failed"] == 2


async def test_copies_counted_by_the_broadcast_and_the_run_are_not_added_up(db: Database, clock: ManualClock) -> None:
    ended = {"started_at": TODAY, "finished_at": TODAY, "counts": {"sent": 9}}
    await db.collection("broadcasts").insert_one({"key": "x", **ended})
    await statistics_ops.add_once(TODAY, "broadcast x", {"broadcast_sent": 9})
    await count(clock)
    assert (await day_of(clock, TODAY)).count(Count.BROADCAST_COPIES) == 9


@pytest.mark.parametrize("pauses", [0, 3, 8])
async def test_a_stop_in_the_middle_of_a_day_writes_nothing_of_it(
    db: Database, clock: ManualClock, pauses: int
) -> None:
    taken = 0

    async def stop_after_pauses(seconds: float) -> None:
        nonlocal taken
        taken += 1
        if taken > pauses:
            run.stopping.set()

    run = Run(SteeredClock(stop_after_pauses, start=NOW), "counter", fence=1)
    counts = await count(clock, run=run)
    written = 1 if pauses >= len(statistics_ops.DAILY_COUNTS) else 0
    assert counts == Counts({"days": 1} if written else {}, more=True)
    assert await db.collection("daily_stats").count({}) == written


@pytest.mark.parametrize(
    ("call", "written"),
    # at noon no totals are counted for yesterday, which is complete by then
    [("count deliveries", 0), ("aggregate broadcasts", 0), ("aggregate deliveries", 0), ("dbStats ", 1)],
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
    await user_ops.upsert_visitor(Visitor(user_id=1), NOW - HOUR)
    await count(clock)
    before = {day.date: of_a_day(day) for day in await days(clock)}
    clock.move(-13 * HOUR)
    await count(clock, fence=2)
    after: dict[datetime, Any] = {day.date: of_a_day(day) for day in await statistics_ops.last_days(NOW, 10)}
    assert {date: after[date] for date in before} == before


async def test_days_are_read_oldest_first_up_to_the_limit(db: Database, clock: ManualClock) -> None:
    for number in range(5):
        await statistics_ops.add_once(TODAY - number * DAY, "a", {"tokens": number + 1})
    found = await statistics_ops.last_days(TODAY, 3)
    assert [(day.date, day.count(Count.TOKENS)) for day in found] == [
        (TODAY - 3 * DAY, 4),
        (TODAY - 2 * DAY, 3),
        (TODAY - DAY, 2),
    ]
