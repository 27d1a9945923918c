"""The ledger of shares: a beat writes one row and reads all, by the database's clock; what is free is taken once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from core.errors import StoreRefused
from core.rates.ledger import Beat, Ledger, Member
from database.connection import Database
from database.operations.rates import share_ops

BOT, OTHER_BOT = 1002, 1001
NOTHING = (0, 0, 0)


def beat(number: int, parts: int = 0, wants: tuple[int, ...] = NOTHING, **more: Any) -> Beat:
    return Beat(number, parts, wants, 4.0, **more)


def row(ledger: Ledger | None, process: str) -> Member:
    assert ledger is not None
    return next(member for member in ledger.members if member.process == process)


async def test_who_joins_has_nothing_whatever_it_says(db: Database) -> None:
    ledger = await share_ops.join(BOT, "a", beat(1, 30))

    assert ledger.members == (Member("a", 1, 0, NOTHING, 4.0, 0.0),)
    assert (await share_ops.join(OTHER_BOT, "b", beat(1))).members == (Member("b", 1, 0, NOTHING, 4.0, 0.0),)


async def test_a_beat_is_one_command_and_shows_every_process_with_its_age(db: Database) -> None:
    first = await share_ops.join(BOT, "a", beat(1))
    await share_ops.take(BOT, first.version, {"a": 20}, ())
    await share_ops.join(BOT, "b", beat(1, wants=(3, 0, 7)))
    await asyncio.sleep(0.02)
    db.calls.clear()
    found = await share_ops.beat(BOT, "a", beat(2, 20))

    assert db.calls == {"find_one_and_update send_shares": 1}
    assert row(found, "a") == Member("a", 2, 20, NOTHING, 4.0, 0.0)
    assert (row(found, "b").wants, row(found, "b").age_s > 0.01) == ((3, 0, 7), True)


async def test_a_beat_can_make_its_parts_less_and_never_more(db: Database) -> None:
    first = await share_ops.join(BOT, "a", beat(1))
    await share_ops.take(BOT, first.version, {"a": 10}, ())

    assert row(await share_ops.beat(BOT, "a", beat(2, 30)), "a").parts == 10
    assert row(await share_ops.beat(BOT, "a", beat(3, 4)), "a").parts == 4


async def test_a_beat_that_arrives_late_changes_nothing(db: Database) -> None:
    await share_ops.join(BOT, "a", beat(5))

    assert await share_ops.beat(BOT, "a", beat(5)) is None
    assert await share_ops.beat(BOT, "a", beat(4)) is None
    assert await share_ops.beat(BOT, "unknown", beat(9)) is None
    assert await share_ops.beat(OTHER_BOT, "a", beat(9)) is None


async def test_of_two_who_take_at_the_same_time_one_does(db: Database) -> None:
    await share_ops.join(BOT, "a", beat(1))
    version = (await share_ops.join(BOT, "b", beat(1))).version
    taken = await asyncio.gather(*(share_ops.take(BOT, version, {name: 30}, ()) for name in "ab"))

    assert sorted(taken) == [False, True]
    rows = await db.collection("send_shares").find_one({"_id": BOT})
    assert rows is not None
    assert sorted(one["parts"] for one in rows["members"].values()) == [0, 30]


async def test_the_last_beat_of_a_process_says_so(db: Database) -> None:
    await share_ops.join(BOT, "a", beat(1))
    await share_ops.join(BOT, "b", beat(1))
    assert row(await share_ops.beat(BOT, "a", beat(2, is_last=True)), "a").is_last
    assert not row(await share_ops.beat(BOT, "b", beat(2)), "b").is_last


async def test_who_was_removed_finds_it_at_its_next_beat(db: Database) -> None:
    await share_ops.join(BOT, "a", beat(1))
    version = (await share_ops.join(BOT, "b", beat(1))).version
    assert await share_ops.take(BOT, version, {}, ("a",))

    assert await share_ops.beat(BOT, "a", beat(2)) is None
    assert [one.process for one in (await share_ops.join(BOT, "b", beat(2))).members] == ["b"]


async def test_what_refusals_slowed_is_told_with_its_age(db: Database) -> None:
    first = await share_ops.join(BOT, "a", beat(1, slowed=(0.5, 3.0)))
    assert first.slowed is not None
    await share_ops.join(BOT, "b", beat(1))
    await asyncio.sleep(0.02)
    later = await share_ops.beat(BOT, "b", beat(2))

    assert later is not None and later.slowed is not None
    assert (later.slowed.mark, later.slowed.part) == (first.slowed.mark, 0.5)
    assert 3.01 < later.slowed.growing_s < 10.0


async def test_a_concurrent_insert_of_the_document_is_harmless(
    db: Database, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("send_shares", "find_one_and_update")

    assert len((await share_ops.join(BOT, "a", beat(1))).members) == 1


@pytest.mark.parametrize("bad", [None, "x", 7, [], {}, {"number": 1, "parts": "many", "wants": [], "valid_s": 1}])
async def test_a_row_that_cannot_be_read_is_named_and_hides_no_other(db: Database, bad: object) -> None:
    await share_ops.join(BOT, "a", beat(1))
    await db.collection("send_shares").update_one({"_id": BOT}, {"$set": {"members.bad": bad, "slowed": bad}})
    found = await share_ops.beat(BOT, "a", beat(2))

    assert found is not None
    assert ([one.process for one in found.members], found.unreadable, found.slowed) == (["a"], ("bad",), None)
    assert await share_ops.take(BOT, found.version, {}, found.unreadable)
    assert (await share_ops.join(BOT, "b", beat(1))).unreadable == ()


async def test_a_document_without_room_for_rows_is_refused_until_it_is_cleared(db: Database) -> None:
    await db.collection("send_shares").insert_one({"_id": BOT, "version": 1, "members": "x"})
    with pytest.raises(StoreRefused):
        await share_ops.join(BOT, "a", beat(1))
    await share_ops.clear(BOT)

    assert len((await share_ops.join(BOT, "a", beat(1))).members) == 1


async def test_a_version_that_is_no_number_is_counted_anew_and_nobody_loses_a_part(db: Database) -> None:
    for process in ("a", "b"):
        await share_ops.join(BOT, process, beat(1))
    await db.collection("send_shares").update_one({"_id": BOT}, {"$set": {"members.b.parts": 9, "version": "x"}})
    left = iter([True])

    def counts_no_text(operation: str, _: str) -> None:
        # as a server says it; the store in memory has no such refusal
        if operation == "find_one_and_update" and next(left, False):
            raise OperationFailure("Cannot apply $inc to a value of non-numeric type", 14)

    db.before_call = counts_no_text
    found = await share_ops.beat(BOT, "a", beat(2))
    assert found is not None
    assert {one.process: one.parts for one in found.members} == {"a": 0, "b": 9}
    assert await share_ops.take(BOT, found.version, {"a": 3}, ())


async def test_a_beat_that_is_refused_for_another_reason_changes_nothing(db: Database) -> None:
    await share_ops.join(BOT, "a", beat(1))

    def refuse(operation: str, _: str) -> None:
        if operation == "find_one_and_update":
            raise OperationFailure("no", 2)

    db.before_call = refuse
    with pytest.raises(StoreRefused):
        await share_ops.beat(BOT, "a", beat(2))


def test_the_name_of_a_process_may_name_a_field() -> None:
    assert not set(share_ops.new_process()) & {".", "$"}
    assert share_ops.new_process() != share_ops.new_process()
