"""Segments: each rule, and never users who are blocked, banned or opted out."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.segments import Segment, SegmentKind
from core.users import Visitor
from database.connection import Database
from database.operations import user_ops
from database.operations.segments import count_reachable, find_reachable

MS, DAY = timedelta(milliseconds=1), timedelta(days=1)
EVERYBODY = Segment()
PART = {
    "active": Segment(kind=SegmentKind.ACTIVE, days=7),
    "with a pass": Segment(kind=SegmentKind.WITH_PASS),
    "without": Segment(kind=SegmentKind.WITHOUT_PASS),
    "pt": Segment(kind=SegmentKind.LANGUAGE, language="pt"),
    "pt-br": Segment(kind=SegmentKind.LANGUAGE, language="pt-br"),
    "by a link": Segment(kind=SegmentKind.SOURCE, source="ad1"),
}


async def person(db: Database, user_id: int, now: datetime, **more: Any) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=user_id), now)
    if more:
        await db.collection("users").update_one({"user_id": user_id}, {"$set": more})


async def reached(segment: Segment, now: datetime, limit: int = 99) -> list[int]:
    """Return every user of the segment, page by page, and assert that the count agrees."""
    found: list[int] = []
    after = None
    while page := await find_reachable(segment, now, now, after=after, limit=limit):
        assert len(page) <= limit
        found += page
        after = page[-1]
    assert await count_reachable(segment, now) == len(found)
    return found


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
async def test_every_user_is_returned_once_whatever_the_page_size(db: Database, now: datetime, limit: int) -> None:
    ids = [10**12, 3, 1, 700, 2, 50]
    for user_id in ids:
        await person(db, user_id, now)
    assert await reached(EVERYBODY, now, limit) == sorted(ids)


async def test_without_users_every_segment_is_empty(db: Database, now: datetime) -> None:
    for segment in (EVERYBODY, *PART.values()):
        assert await reached(segment, now) == []


UNREACHABLE: dict[str, dict[str, Any]] = {
    "blocked the bot": {"blocked_at": DAY},
    "wants no news": {"news_stopped_at": DAY},
    "banned for good": {"is_banned": True, "banned_until": None},
    "banned until a moment from now": {"is_banned": True, "banned_until": MS},
}
REACHABLE: dict[str, dict[str, Any]] = {
    "banned until now": {"is_banned": True, "banned_until": 0 * MS},
    "no longer banned, with a time left over": {"is_banned": False, "banned_until": DAY},
}


@pytest.mark.parametrize("name", [*UNREACHABLE, *REACHABLE])
@pytest.mark.parametrize("part", [None, *PART])
async def test_blocked_banned_and_opted_out_users_are_in_no_segment(
    db: Database, now: datetime, name: str, part: str | None
) -> None:
    fields = {
        field: now + value if isinstance(value, timedelta) else value
        for field, value in (UNREACHABLE | REACHABLE)[name].items()
    }
    has_pass = {"pass_until": now + DAY if part == "with a pass" else None}
    await person(db, 1, now, **{"language": "pt-br", "source": "ad1"}, **has_pass, **fields)
    assert await reached(PART[part] if part else EVERYBODY, now) == ([1] if name in REACHABLE else [])


async def test_documents_without_newer_fields_are_in_the_segment(db: Database, now: datetime) -> None:
    await db.collection("users").insert_one({"user_id": 1, "joined_at": now, "last_seen_at": now})
    assert await reached(EVERYBODY, now) == [1]
    assert await reached(PART["without"], now) == [1]


async def test_active_users_were_seen_within_the_days(db: Database, now: datetime) -> None:
    await person(db, 1, now - 7 * DAY)
    await person(db, 2, now - 7 * DAY - MS)
    assert await reached(PART["active"], now) == [1]


async def test_every_user_is_either_with_or_without_a_pass(db: Database, now: datetime) -> None:
    for user_id, until in enumerate((None, now - DAY, now, now + MS)):
        await person(db, user_id + 1, now, pass_until=until)
    assert await reached(PART["with a pass"], now) == [4]
    assert await reached(PART["without"], now) == [1, 2, 3]


async def test_a_language_includes_its_regions_and_no_other(db: Database, now: datetime) -> None:
    for user_id, language in enumerate(("pt", "pt-br", "pt-pt", "ptx", "p", "en", None, "PT", "")):
        await person(db, user_id + 1, now, language=language)
    assert await reached(PART["pt"], now) == [1, 2, 3]
    assert await reached(PART["pt-br"], now) == [2]


async def test_a_source_matches_exactly(db: Database, now: datetime) -> None:
    for user_id, source in enumerate(("ad1", "ad", "AD1", "ad12", None)):
        await person(db, user_id + 1, now, source=source)
    assert await reached(PART["by a link"], now) == [1]


async def test_users_who_join_during_sending_are_no_recipients(db: Database, now: datetime) -> None:
    await person(db, 1, now)
    await person(db, 2, now + MS)
    assert await find_reachable(EVERYBODY, now, now, after=None, limit=9) == [1]


async def test_a_user_blocked_between_two_pages_hides_no_other(db: Database, now: datetime) -> None:
    for user_id in range(1, 6):
        await person(db, user_id, now)
    assert await find_reachable(EVERYBODY, now, now, after=None, limit=2) == [1, 2]
    for user_id in (2, 3):
        await user_ops.mark_blocked(user_id, now)
    assert await find_reachable(EVERYBODY, now, now, after=2, limit=2) == [4, 5]
    assert await find_reachable(EVERYBODY, now, now, after=5, limit=2) == []
