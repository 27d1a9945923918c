"""Open sessions of the page: listed, ended one by one or all of a person, also by a crash in between."""

import asyncio
from datetime import datetime, timedelta

import pytest

from core.clock import ManualClock
from core.team.admins import Role, RoleChange
from core.team.sessions import SESSION_FOR, OpenSession, SignInWay
from database.connection import Database
from database.operations import admin_ops, login_ops, session_ops
from database.operations.team import open_session_ops
from database.team import Team

HOUR, MS = timedelta(hours=1), timedelta(milliseconds=1)
ANN, BOB = 1, 2


def session(sid: str, user_id: int, at: datetime) -> OpenSession:
    return OpenSession(
        sid=sid, user_id=user_id, way=SignInWay.LINK, device="Safari, Mac", signed_in_at=at, ends_at=at + SESSION_FOR
    )


async def sids(now: datetime, user_id: int | None = None) -> list[str]:
    return [one.sid for one in await open_session_ops.listed(now, user_id)]


async def test_what_is_open_is_listed_until_it_is_over_and_then_deleted(db: Database, now: datetime) -> None:
    await open_session_ops.add(session("a", ANN, now - HOUR))
    await open_session_ops.add(session("b", BOB, now))
    assert (await sids(now), await sids(now, ANN)) == (["b", "a"], ["a"])
    assert await sids(now - HOUR + SESSION_FOR - MS, ANN) == ["a"]
    assert await sids(now - HOUR + SESSION_FOR) == ["b"]
    assert (await open_session_ops.delete_ended(now - HOUR + SESSION_FOR)).count == 0
    assert (await open_session_ops.delete_ended(now - HOUR + SESSION_FOR + MS)).count == 1


async def test_one_is_ended_once_and_the_others_stay(db: Database, now: datetime) -> None:
    for sid in "ab":
        await open_session_ops.add(session(sid, ANN, now))
    done = await asyncio.gather(*(open_session_ops.end("a", now + SESSION_FOR) for _ in range(10)))
    assert sum(done) == 1
    assert await sids(now) == ["b"]
    assert [await session_ops.is_refused(ANN, now, sid) for sid in "ab"] == [True, False]


async def test_after_a_crash_in_between_it_is_refused_already_and_can_be_ended_again(
    db: Database, now: datetime
) -> None:
    await open_session_ops.add(session("a", ANN, now))
    await session_ops.revoke("a", now + SESSION_FOR)
    assert await sids(now) == ["a"]
    assert not await open_session_ops.end("a", now + SESSION_FOR)
    assert await sids(now) == []


async def test_ending_all_of_a_person_refuses_also_what_was_never_listed_and_unopened_links(
    db: Database, now: datetime
) -> None:
    codes = [await login_ops.create(user_id, now) for user_id in (ANN, ANN, BOB)]
    await open_session_ops.add(session("a", ANN, now - HOUR))
    await open_session_ops.add(session("b", BOB, now - HOUR))
    await open_session_ops.end_all(ANN, now)
    assert await sids(now) == ["b"]
    assert await session_ops.is_refused(ANN, now - HOUR, "not listed")
    assert not await session_ops.is_refused(BOB, now - HOUR, "b")
    assert [await login_ops.redeem(code, now) for code in codes] == [None, None, BOB]


async def test_a_sign_in_of_the_same_instant_that_started_before_is_refused(db: Database, now: datetime) -> None:
    await open_session_ops.end_all(ANN, now)
    # its row is written after those of the person were deleted
    late = session("late", ANN, now - MS)
    await open_session_ops.add(late)
    assert await session_ops.is_refused(ANN, late.signed_in_at, late.sid)


@pytest.mark.parametrize("field", ["ends_at", "way", "user_id"])
async def test_a_row_that_cannot_be_read_hides_no_other(db: Database, now: datetime, field: str) -> None:
    await open_session_ops.add(session("a", ANN, now))
    broken = session("broken", ANN, now).model_dump() | {field: {"no": "value"}}
    await db.collection("sessions").insert_one(broken)
    assert await sids(now) == ["a"]
    await open_session_ops.end_all(ANN, now)
    assert await sids(now) == []


async def test_who_is_removed_and_let_in_again_does_not_get_their_old_sessions_back(
    db: Database, clock: ManualClock
) -> None:
    team, now = Team({9}, lambda: None, clock), clock.now()
    await admin_ops.add_member(ANN, Role.MANAGER, "Ann", 9, now)
    await open_session_ops.add(session("a", ANN, now - HOUR))
    assert await team.remove(ANN) is RoleChange.DONE
    await admin_ops.add_member(ANN, Role.EDITOR, "Ann", 9, now)
    assert await session_ops.is_refused(ANN, now - HOUR, "a")
    assert await sids(now) == []
