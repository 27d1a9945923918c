"""Bans, also of unknown users, and pending posts that are popped once."""

from collections.abc import Callable
from datetime import datetime, timedelta

from core.users import PoppedPost, Visitor, is_banned
from database.connection import Database
from database.operations import user_credits, user_ops

MS, DAY = timedelta(milliseconds=1), timedelta(days=1)
ANN, STRANGER = 7, 404
A, B = "A" * 16, "B" * 16


async def test_a_ban_holds_until_its_end(db: Database, now: datetime) -> None:
    ann, _ = await user_ops.upsert_visitor(Visitor(user_id=ANN, first_name="Ann"), now)
    user = await user_ops.ban(ANN, now, reason="spam & <b>", until=now + DAY)

    assert user == ann.model_copy(update={"is_banned": True, "ban_reason": "spam & <b>", "banned_until": now + DAY})
    assert user == await user_ops.find(ANN)
    assert (is_banned(user, now + DAY - MS), is_banned(user, now + DAY)) == (True, False)


async def test_a_new_ban_replaces_the_previous_one(db: Database, now: datetime) -> None:
    await user_ops.ban(ANN, now, reason="spam", until=now + DAY)
    user = await user_ops.ban(ANN, now + MS, reason=None, until=None)

    assert (user.is_banned, user.ban_reason, user.banned_until) == (True, None, None)
    assert await db.collection("users").count({}) == 1


async def test_an_unknown_user_can_be_banned_in_advance(db: Database, now: datetime) -> None:
    stranger = await user_ops.ban(STRANGER, now, reason="spam", until=None)
    assert (stranger.credits, stranger.first_name, stranger.joined_at) == (0, "", now)

    user, is_new = await user_ops.upsert_visitor(Visitor(user_id=STRANGER, first_name="Eve"), now + DAY, source="ad1")
    assert not is_new
    assert (user.is_banned, user.ban_reason, user.first_name, user.last_seen_at) == (True, "spam", "Eve", now + DAY)
    assert user == await user_ops.find(STRANGER)


async def test_a_new_user_who_comes_at_the_same_instant_is_banned(
    db: Database, now: datetime, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("users", "find_one_and_update")
    user = await user_ops.ban(STRANGER, now, reason=None, until=None)

    assert user.is_banned
    assert await db.collection("users").count({}) == 1


async def test_a_ban_keeps_credits_and_pass(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    await user_credits.grant(ANN, "k", now, credits=5, pass_for=DAY)
    user = await user_ops.ban(ANN, now, reason=None, until=None)

    assert (user.credits, user.pass_until) == (5, now + DAY)


async def test_unbanning_a_user_who_is_not_banned_returns_false(db: Database, now: datetime) -> None:
    assert not await user_ops.unban(STRANGER)
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    assert not await user_ops.unban(ANN)
    await user_ops.ban(ANN, now, reason="spam", until=now + DAY)

    assert await user_ops.unban(ANN)
    assert not await user_ops.unban(ANN)
    user = await user_ops.find(ANN)
    assert user is not None
    assert (user.is_banned, user.ban_reason, user.banned_until) == (False, None, None)


async def test_a_pending_post_is_popped_once(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    assert not await user_ops.pop_pending_post(ANN, A, now - DAY)
    assert await user_ops.set_pending_post(ANN, A, now)

    assert await user_ops.pop_pending_post(ANN, A, now, "join 1")
    assert not await user_ops.pop_pending_post(ANN, A, now, "join 2")
    assert not await user_ops.pop_pending_post(ANN, A, now)
    user = await user_ops.find(ANN)
    assert user is not None
    assert (user.pending_code, user.pending_at, user.popped_post) == (
        None,
        None,
        PoppedPost(code=A, update_key="join 1"),
    )


async def test_the_update_that_popped_a_post_gets_it_again(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    await user_ops.set_pending_post(ANN, A, now)
    assert await user_ops.pop_pending_post(ANN, A, now, "join 1")
    assert await user_ops.pop_pending_post(ANN, A, now, "join 1")
    assert not await user_ops.pop_pending_post(ANN, B, now, "join 1")


async def test_the_latest_pending_post_counts_and_an_expired_one_is_not_popped(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=ANN), now)
    await user_ops.set_pending_post(ANN, A, now)
    await user_ops.set_pending_post(ANN, B, now + MS)

    assert not await user_ops.pop_pending_post(ANN, A, now)
    assert not await user_ops.pop_pending_post(ANN, B, now + 2 * MS)
    assert await user_ops.pop_pending_post(ANN, B, now + MS)


async def test_an_unknown_user_has_no_pending_post(db: Database, now: datetime) -> None:
    assert not await user_ops.set_pending_post(STRANGER, A, now)
    assert not await user_ops.pop_pending_post(STRANGER, A, now, "join 1")
    assert await user_ops.count() == 0
