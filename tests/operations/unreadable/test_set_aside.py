"""A document that cannot be read is set aside for an hour and noted once; what stands behind it is found."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import decode, encode
from bson.datetime_ms import DatetimeMS
from pymongo.errors import OperationFailure

from core.clock import ManualClock
from core.errors import UnreadableRow
from database import examination, unreadable_rows
from database.connection import Database, close_database, open_database
from database.operations import (
    admin_ops,
    audit_ops,
    broadcast_ops,
    deletion_ops,
    delivery_ops,
    incident_ops,
    membership_ops,
    pause_ops,
    run_ops,
    token_ops,
    user_ops,
)
from database.operations.announcements import publishing
from database.operations.posts import post_search, post_takedown
from database.operations.shorteners import shortener_ops
from database.readable import SET_ASIDE_FOR, what_is_wrong
from database.values import Document

NOW = datetime.fromisoformat("2026-03-01T12:00:00.250+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRONT = 200


def broadcast(number: int, **more: Any) -> Document:
    row: Document = {"key": f"k{number}", "title": "", "source_chat_id": -1, "message_ids": [1], "created_by": 1}
    row |= {"created_at": NOW - DAY, "send_at": NOW - HOUR + number * timedelta(milliseconds=1), "status": "queued"}
    return row | {"progress_chat_id": 1, "is_shown": False, "delete_at": NOW - HOUR} | more


def token(number: int, **more: Any) -> Document:
    row: Document = {"token": f"{number:032}", "user_id": 1, "status": "verified", "created_at": NOW, "is_owed": True}
    return row | {"expires_at": NOW + DAY, "redeemed_at": NOW - HOUR, "granted_at": None} | more


def post(number: int, **more: Any) -> Document:
    row: Document = {"code": f"c{number}", "number": 1_000 - number, "title": "", "storage_chat_id": -1}
    row |= {"message_ids": [1], "item_count": 1, "status": "live", "created_by": 1, "created_at": NOW}
    return row | {"taking_down_since": NOW - DAY} | more


def announcement(number: int, **more: Any) -> Document:
    row: Document = {"key": f"a{number}", "post_code": f"c{number}", "chat_id": -1, "ordinal": 1, "source": "ch1"}
    row |= {
        "text": "x",
        "label": "Open",
        "url": "https://t.me/x",
        "created_by": 1,
        "created_at": NOW,
        "state": "planned",
    }
    return row | {"publish_at": NOW - HOUR, "due_at": NOW - HOUR, "is_now": False, "count": 0, "revision": 0} | more


def run(number: int, **more: Any) -> Document:
    at = NOW - number * timedelta(seconds=1)
    return {"job": "backup", "scheduled_at": at, "started_at": at, "owner": None, "outcome": None} | more


def delivery(number: int, **more: Any) -> Document:
    row: Document = {"_id": f"1:{number}:c", "bot_id": 1, "user_id": number, "chat_id": number, "post_code": "c"}
    return row | {"state": "sending", "until": NOW - HOUR, "sent_at": NOW - HOUR, "delete_at": NOW - HOUR} | more


def promise(number: int, **more: Any) -> Document:
    return {"user_id": number, "chat_id": number, "message_ids": [1], "delete_at": NOW - HOUR} | more


#: lists without an order: a server may give the readable row first
ANY_ORDER = {"open tokens", "pauses"}

Found = Callable[[], Awaitable[Any]]
#: by list: its collection, a row of it, what breaks one, and the list
LISTS: dict[str, tuple[str, Callable[..., Document], Document, Found]] = {
    "broadcasts": ("broadcasts", broadcast, {"title": 5}, lambda: broadcast_ops.last(1)),
    "broadcasts to send": ("broadcasts", broadcast, {"message_ids": []}, lambda: broadcast_ops.find_unfinished(1)),
    "the broadcast to send": ("broadcasts", broadcast, {"created_by": "me"}, lambda: broadcast_ops.find_next(NOW)),
    "broadcasts to recall": ("broadcasts", broadcast, {"segment": 5}, lambda: broadcast_ops.find_expired(NOW, 1)),
    "broadcasts to show": ("broadcasts", broadcast, {"counts": 5}, lambda: broadcast_ops.find_not_shown(1)),
    "owed tokens": ("tokens", token, {"link": 5}, lambda: token_ops.find_owed(NOW, 1)),
    "open tokens": ("tokens", token, {"has_page": "x"}, lambda: token_ops.open_tokens(1, NOW, 1)),
    "posts": ("posts", post, {"opened": "many"}, lambda: post_search.search(None, skip=0, limit=1)),
    "posts to take down": ("posts", post, {"code": None}, lambda: post_takedown.find_taking_down(1)),
    "announcements": ("announcements", announcement, {"text": None}, lambda: publishing.find_due(NOW, limit=1)),
    "runs": ("job_runs", run, {"counts": 5}, lambda: run_ops.last_runs(1)),
    "requests": (
        "job_runs",
        lambda number, **more: run(-number, **more),
        {"fence": "x"},
        lambda: run_ops.find_requests(1),
    ),
    "lapsed deliveries": ("deliveries", delivery, {"count": "x"}, lambda: delivery_ops.find_lapsed(1, NOW, 1)),
    "deletions": ("pending_deletions", promise, {"attempts": "x"}, lambda: deletion_ops.open_deliveries(FRONT, 1)),
    "the team": (
        "admins",
        lambda number, **more: {"user_id": number + 1, "role": "editor"} | more,
        {"proof": 5},
        admin_ops.load,
    ),
    "actions": (
        "audit_log",
        lambda number, **more: {"at": NOW - number * HOUR, "admin_id": 1, "action": "x"} | more,
        {"target": 5},
        lambda: audit_ops.last(1),
    ),
    "pauses": (
        "send_pauses",
        lambda number, **more: {"bot_id": 1, "chat": number, "until": NOW + HOUR} | more,
        {"chat": None},
        lambda: pause_ops.load(1, NOW, 1),
    ),
    "memberships": (
        "memberships",
        lambda number, **more: {"user_id": 1, "chat_id": -number, "status": "member", "seen_at": NOW} | more,
        {"status": "x"},
        lambda: membership_ops.find_memberships(1, range(-FRONT, 1)),
    ),
    "shorteners": (
        "shorteners",
        lambda number, **more: {"code": f"s{number}", "name": f"s{number}", "name_key": f"s{number}"} | more,
        {"share": "x"},
        shortener_ops.load,
    ),
}
#: lists before which so many rows stand that cannot be read; a few before the others
MANY = {"the broadcast to send": FRONT, "owed tokens": FRONT, "deletions": FRONT, "memberships": FRONT}
FEW = 12


def is_there(found: Any) -> bool:
    return found is not None and (bool(found[0]) if isinstance(found, tuple) and found else bool(found))


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_goes_on_behind_rows_that_cannot_be_read(
    db: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    collection, row, broken, find = LISTS[name]
    front = MANY.get(name, FEW)
    extra = {"user_id": FRONT} if name == "deletions" else {}
    rows = [
        row(number, **broken, **extra) if name != "posts to take down" or number == 0 else row(number)
        for number in range(front)
    ]
    await db.collection(collection).insert_many(rows)
    await db.collection(collection).insert_one(row(front))
    with caplog.at_level(logging.ERROR, "tollgate.database"):
        assert is_there(await find())
    if name not in ANY_ORDER or caplog.records:
        assert {record.message for record in caplog.records} == {"row.unreadable"}
    first = db.calls.total()
    db.calls.clear()
    assert is_there(await find())
    assert db.calls.total() <= 3, "they are not read again"
    assert first < 3 * unreadable_rows.NOTED_MAX


async def set_of(db: Database) -> list[Document]:
    return await db.collection("unreadable_rows").find({}, limit=500)


async def test_a_row_is_noted_once_however_often_it_is_met(db: Database, clock: ManualClock) -> None:
    await db.collection("broadcasts").insert_one(broadcast(0, _id="b", title=5))
    for _ in range(3):
        assert await broadcast_ops.last(5) == []
        clock.move(SET_ASIDE_FOR)
    (noted,) = await set_of(db)
    assert (noted["_id"], noted["problem"]) == ("broadcasts:b", "title: Input should be a valid string")
    assert db.calls["update_one unreadable_rows"] == 1


async def test_no_stored_value_is_noted(db: Database) -> None:
    await db.collection("users").insert_one({"user_id": 1, "credits": "hunter2", "joined_at": NOW, "last_seen_at": NOW})
    with pytest.raises(UnreadableRow) as caught:
        await user_ops.find(1)
    assert "hunter2" not in str(caught.value) + str(await set_of(db))


async def test_where_the_store_refuses_writes_lists_go_on_all_the_same(db: Database) -> None:
    await db.collection("broadcasts").insert_many([broadcast(number, title=5) for number in range(FRONT)])
    await db.collection("broadcasts").insert_one(broadcast(FRONT))

    def refuse(operation: str, collection: str) -> None:
        if operation.startswith("update"):
            raise OperationFailure("you are over your space quota", 8000)

    db.before_call = refuse
    assert await broadcast_ops.find_next(NOW) is not None
    assert len(await broadcast_ops.last(1)) == 1


async def test_work_that_cannot_be_read_is_no_work(db: Database) -> None:
    await db.collection("broadcasts").insert_one(broadcast(0, title=5, status="sent"))
    assert await broadcast_ops.is_any_expired(NOW), "nobody has read it yet"
    assert await broadcast_ops.find_expired(NOW, 5) == []
    assert not await broadcast_ops.is_any_expired(NOW)


async def test_a_claimed_promise_that_cannot_be_read_is_claimed_again_after_an_hour_alone(
    db: Database, clock: ManualClock
) -> None:
    await db.collection("pending_deletions").insert_many([promise(number, attempts="x") for number in range(5)])
    assert await deletion_ops.claim_due(NOW, "me", HOUR, 10) == []
    db.calls.clear()
    for _ in range(10):
        assert await deletion_ops.claim_due(NOW, "me", HOUR, 10) == []
    assert db.calls.total() == 20, "a find in each collection"
    clock.move(SET_ASIDE_FOR)
    assert await deletion_ops.claim_due(clock.now(), "me", HOUR, 10) == []
    (first, *_) = await db.collection("pending_deletions").find({}, limit=1)
    assert first["claimed_by"] is None and first["not_before"] == clock.now() + SET_ASIDE_FOR


async def test_a_repaired_row_is_found_again_within_an_hour_and_after_the_next_check_at_once(
    db: Database, clock: ManualClock
) -> None:
    await db.collection("broadcasts").insert_many([broadcast(number, title=5) for number in range(2)])
    assert await broadcast_ops.last(5) == []
    await db.collection("broadcasts").update_one({"key": "k0"}, {"$set": {"title": "News"}})
    assert await broadcast_ops.last(5) == []
    assert await examination.recheck() == 1
    assert [one.title for one in await broadcast_ops.last(5)] == ["News"]
    assert len(await set_of(db)) == 1
    await db.collection("broadcasts").update_one({"key": "k1"}, {"$set": {"title": "More"}})
    clock.move(SET_ASIDE_FOR)
    assert len(await broadcast_ops.last(5)) == 2


async def test_a_row_that_is_gone_is_forgotten_and_one_that_stays_is_checked_in_turn(
    db: Database, clock: ManualClock
) -> None:
    await db.collection("broadcasts").insert_many([broadcast(number, title=5) for number in range(5)])
    await broadcast_ops.last(9)
    await db.collection("broadcasts").delete_one({"key": "k3"})
    forgotten = []
    for _ in range(3):
        forgotten.append(await examination.recheck(2))
        clock.move(timedelta(minutes=1))
    assert sorted(forgotten) == [0, 0, 1]
    assert len(await set_of(db)) == 4


async def test_a_row_whose_id_is_a_document_itself_is_set_aside_as_any_other(db: Database, clock: ManualClock) -> None:
    await db.collection("broadcasts").insert_one(broadcast(0, _id={"n": 1}, title=5))
    await db.collection("broadcasts").insert_one(broadcast(1))
    for _ in range(2):
        assert [one.key for one in await broadcast_ops.last(5)] == ["k1"]
    assert [len(one.unreadable) async for one in examination.examine_all() if one.collection == "broadcasts"] == [1]
    assert await examination.recheck() == 0
    assert await examination.remove("broadcasts:{'n': 1}") is not None


async def test_notes_about_collections_that_nobody_knows_are_forgotten(db: Database) -> None:
    names = ("", ".", "a..b", "$x", "of_a_newer_version")
    await db.collection("unreadable_rows").insert_many(
        [{"_id": f"{name}:1", "collection": name, "row": 1} for name in names]
    )
    assert await examination.recheck() == len(names)
    assert await set_of(db) == []


async def test_an_incident_without_a_name_hides_no_other(db: Database) -> None:
    told = {"closed_at": None, "told_at": NOW}
    await db.collection("incidents").insert_many([{"_id": odd, **told} for odd in (5, {"n": 1}, b"x")])
    await incident_ops.mark_notified("flood", NOW)
    assert await incident_ops.find_open() == ["flood"]
    assert await incident_ops.find_told() == {"flood"}
    assert {row["collection"] for row in await set_of(db)} == {"incidents"}


async def test_only_a_noted_row_that_cannot_be_read_is_removed(db: Database) -> None:
    await db.collection("broadcasts").insert_many([broadcast(0, _id="bad", title=5), broadcast(1, _id="good")])
    assert await examination.remove("broadcasts:bad") is None, "nobody has noted it"
    await broadcast_ops.last(9)
    removed = await examination.remove("broadcasts:bad")
    assert removed is not None and removed["title"] == 5
    assert await examination.remove("broadcasts:good") is None
    assert [one["_id"] for one in await db.collection("broadcasts").find({}, limit=9)] == ["good"]
    assert await set_of(db) == []


async def test_a_date_after_the_year_9999_comes_from_a_server_as_such_and_spoils_its_own_row_alone() -> None:
    """The servers of the tests store no such date: it is decoded as the connection does."""
    far = DatetimeMS(253_402_300_800_000 + 86_400_000)
    database = await open_database("mongodb://127.0.0.1:1", "x")
    try:
        codec = database._native.codec_options
        found = [decode(encode(row), codec) for row in (broadcast(0, _id="a", created_at=far), broadcast(1, _id="b"))]
    finally:
        await close_database()
    problems = [what_is_wrong(row, broadcast_ops.READ) for row in found]
    assert problems == ["created_at: Input should be a valid datetime", None]
