"""Lists of subscribers and the search: what they show, in which order, and that a broadcast means the same people."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.segments import NOT_REACHED, Segment, SegmentKind
from core.users import Visitor
from database.connection import Database
from database.operations import segments, user_ops
from database.operations.people import people_lists

MS, DAY = timedelta(milliseconds=1), timedelta(days=1)
RTL = "\u0645\u0631\u062d\u0628\u0627" * 12 + "\u0645\u0631\u064a\u0645"


async def person(
    db: Database, user_id: int, seen: datetime, name: str = "", username: str | None = None, **more: Any
) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=user_id, first_name=name, username=username), seen)
    if more:
        await db.collection("users").update_one({"user_id": user_id}, {"$set": more})


async def listed(segment: Segment, now: datetime, *, skip: int = 0, limit: int = 6) -> list[int]:
    found, _ = await people_lists.page(segment, now, skip=skip, limit=limit)
    return [user.user_id for user in found]


async def found(text: str, limit: int = 6) -> set[int]:
    users, _ = await people_lists.search(text, skip=0, limit=limit)
    return {user.user_id for user in users}


LISTS: dict[SegmentKind, tuple[Segment, list[int]]] = {
    SegmentKind.EVERYBODY: (Segment(), [1, 2, 3, 4, 5, 6]),
    SegmentKind.NEW: (Segment(kind=SegmentKind.NEW, days=7), [1, 2, 3]),
    SegmentKind.ACTIVE: (Segment(kind=SegmentKind.ACTIVE, days=7), [1, 2, 3, 4]),
    SegmentKind.WITH_PASS: (Segment(kind=SegmentKind.WITH_PASS), [3, 2]),
    SegmentKind.SOURCE: (Segment(kind=SegmentKind.SOURCE, source="insta"), [1, 5]),
    SegmentKind.BANNED: (Segment(kind=SegmentKind.BANNED), [2, 4]),
    SegmentKind.BLOCKED: (Segment(kind=SegmentKind.BLOCKED), [6, 4]),
}


@pytest.fixture
async def crowd(db: Database, now: datetime) -> Database:
    """Six people, of whom each list has some."""
    week = 7 * DAY
    await person(db, 1, now - 0 * MS, joined_at=now - MS, source="insta")
    await person(
        db, 2, now - 1 * MS, joined_at=now - 2 * MS, pass_until=now + MS, is_banned=True, banned_until=now + MS
    )
    await person(db, 3, now - 2 * MS, joined_at=now - week, pass_until=now + DAY, is_banned=True, banned_until=now)
    blocked_before: dict[str, Any] = {"blocked_at": now - DAY}
    await person(db, 4, now - week, joined_at=now - week - MS, is_banned=True, pass_until=now, **blocked_before)
    await person(db, 5, now - week - MS, joined_at=now - 9 * DAY, source="insta")
    await person(db, 6, now - 8 * DAY, joined_at=now - 8 * DAY, source="Insta", blocked_at=now - MS)
    return db


@pytest.mark.parametrize("kind", LISTS)
async def test_each_list_shows_its_people_newest_first(crowd: Database, now: datetime, kind: SegmentKind) -> None:
    segment, expected = LISTS[kind]
    crowd.calls.clear()
    assert await listed(segment, now) == expected
    assert crowd.calls.total() == 1
    assert await listed(segment, now, skip=1, limit=1) == expected[1:2]


@pytest.mark.parametrize("kind", [kind for kind in LISTS if kind not in NOT_REACHED])
async def test_a_broadcast_goes_to_those_of_the_list_who_can_be_reached(
    crowd: Database, now: datetime, kind: SegmentKind
) -> None:
    segment, expected = LISTS[kind]
    out_of_reach = {2, 4, 6}
    audience = await segments.find_reachable(segment, now, now, after=None, limit=9)
    assert audience == sorted(set(expected) - out_of_reach)
    assert await segments.count_reachable(segment, now) == len(audience)


async def test_who_cannot_be_reached_is_counted_once(crowd: Database, now: datetime) -> None:
    assert await people_lists.count_unreached(now) == 3


async def test_a_page_says_whether_more_follow(crowd: Database, now: datetime) -> None:
    assert (await people_lists.page(Segment(), now, skip=0, limit=5))[1]
    assert not (await people_lists.page(Segment(), now, skip=0, limit=6))[1]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("bob", {2}),
        ("BO sm", {2}),
        ("smi bob", {2}),
        ("ob", set()),
        ("jose", {3}),
        ("JOSÉ", {3}),
        ("\u0645\u0631\u064a", {4}),
        ("@bob_s", {2}),
        ("@BOB", {2}),
        ("https://t.me/Bob_Smith", {2}),
        ("@smith", set()),
        ("smith", {1, 2}),
        ("@ob.*", set()),
        (".*", set()),
        ("", set()),
        ("@", set()),
        ("2", {2}),
        ("77", {5}),
        ("1" * 17, set()),
        ("\U0001f980", {6}),
    ],
)
async def test_people_are_found_by_word_username_and_id(
    db: Database, now: datetime, typed: str, expected: set[int]
) -> None:
    await person(db, 1, now, "Ann Smithson")
    await person(db, 2, now, "Bob", "Bob_Smith")
    await person(db, 3, now, "José")
    await person(db, 4, now, RTL[:64] + " \u0645\u0631\u064a\u0645")
    await person(db, 5, now, "Agent 777")
    await person(db, 6, now, "\U0001f980")
    assert await found(typed) == expected


async def test_a_subscriber_is_found_by_either_name_until_it_changes(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=1, first_name="Ann", last_name="Green-Lee", username="x_y"), now)
    assert [await found(typed) for typed in ("ann", "gre", "lee ann", "ann green y", "een")] == [{1}] * 4 + [set()]
    await user_ops.upsert_visitor(Visitor(user_id=1, first_name="Ann", username="x_y"), now)
    user = await user_ops.find(1)
    assert await found("green") == set() and user is not None and user.full_name == "Ann"


async def test_somebody_renamed_is_found_by_the_new_name_only(db: Database, now: datetime) -> None:
    await person(db, 1, now, "Ann", "ann")
    await person(db, 1, now, "Zoe", "zoe")
    assert (await found("ann"), await found("@ann"), await found("zoe"), await found("@zoe")) == (
        set(),
        set(),
        {1},
        {1},
    )


async def test_somebody_banned_in_advance_is_found_by_the_id_alone(db: Database, now: datetime) -> None:
    await user_ops.ban(7, now, reason=None, until=None)
    assert (await found("7"), await listed(Segment(kind=SegmentKind.BANNED), now)) == ({7}, [7])


async def test_several_are_read_at_once(db: Database, now: datetime) -> None:
    for user_id in (1, 2, 3):
        await person(db, user_id, now)
    db.calls.clear()
    assert [user.user_id for user in await people_lists.find_several([3, 9, 1])] == [1, 3]
    assert db.calls.total() == 1
