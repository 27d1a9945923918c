"""Counts of shorteners: one increment per event, by day."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from core.shorteners.counts import Tally
from database.connection import Database
from database.operations.shorteners import shortener_counts

DAY = datetime(2026, 3, 1, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)


async def tally_of(name: str, since: datetime = DAY) -> Tally:
    return (await shortener_counts.tallies([name], since))[name]


async def test_each_event_is_counted_for_its_shortener(db: Database, now: datetime) -> None:
    for _ in range(3):
        await shortener_counts.count_made("a", DAY, now)
    await shortener_counts.count_finished("a", DAY, 48.2)
    await shortener_counts.count_too_fast("a", DAY)
    await shortener_counts.count_failed("a", DAY, now, "refused")
    await shortener_counts.count_made("b", DAY, now)

    found = await tally_of("a")
    assert (found.links, found.finished, found.too_fast, found.failed) == (3, 1, 1, 1)
    assert (found.median_s, found.failure, found.made_at, found.failed_at) == (48, "refused", now, now)
    assert (await tally_of("b")).links == 1
    assert await tally_of("c") == Tally()


async def test_fifty_concurrent_events_are_all_counted(db: Database, now: datetime) -> None:
    await asyncio.gather(*(shortener_counts.count_made("a", DAY, now) for _ in range(50)))
    assert (await tally_of("a")).links == 50
    assert await db.collection("shortener_days").count({}) == 1


async def test_a_day_inserted_at_the_same_instant_is_counted_on(
    db: Database, now: datetime, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("shortener_days", "update_one")
    await shortener_counts.count_made("a", DAY, now)
    # the twin's link, and this one
    assert (await tally_of("a")).links == 2


async def test_earlier_days_are_left_out(db: Database, now: datetime) -> None:
    await shortener_counts.count_made("a", DAY, now)
    await shortener_counts.count_made("a", NEXT, now)
    assert (await tally_of("a", NEXT)).links == 1


async def test_a_long_period_adds_up_every_day_of_every_shortener(db: Database, now: datetime) -> None:
    names = [f"s{number:02}" for number in range(25)]
    rows = [
        {"name": name, "date": DAY + timedelta(days=day), "links": 2, "finished": 1}
        for name in names
        for day in range(40)
    ]
    await db.collection("shortener_days").insert_many(rows)
    db.calls.clear()
    found = await shortener_counts.sums([*names, "none"], DAY + timedelta(days=10))
    assert dict(db.calls) == {"aggregate shortener_days": 1}
    assert {(one.links, one.finished, one.too_fast) for name, one in found.items() if name != "none"} == {(60, 30, 0)}
    assert len(found) == 26 and found["none"] == Tally()
    assert await shortener_counts.sums([], DAY) == {}


async def test_a_test_counts_no_link_and_no_failed_call(db: Database, now: datetime) -> None:
    await shortener_counts.note_test("a", DAY, now)
    await shortener_counts.note_test("a", DAY, now + timedelta(seconds=1), "timed_out")

    found = await tally_of("a")
    assert (found.links, found.failed, found.failure) == (0, 0, "timed_out")
    assert (found.made_at, found.failed_at) == (now, now + timedelta(seconds=1))


async def test_the_latest_call_stays_the_latest_when_an_earlier_one_is_counted_after_it(
    db: Database, now: datetime
) -> None:
    await shortener_counts.count_made("a", DAY, now)
    await shortener_counts.count_made("a", DAY, now - timedelta(seconds=9))
    assert (await tally_of("a")).made_at == now


async def test_all_shorteners_are_read_by_one_command(db: Database, now: datetime) -> None:
    await shortener_counts.count_made("a", DAY, now)
    db.calls.clear()
    await shortener_counts.tallies(["a", "b"], DAY)
    assert dict(db.calls) == {"find shortener_days": 1}
    assert await shortener_counts.tallies([], DAY) == {}
