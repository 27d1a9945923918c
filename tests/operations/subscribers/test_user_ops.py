"""Visitors are upserted once, whatever arrives at the same instant."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.errors import StoreRefused
from core.users import Visitor
from database.connection import Database
from database.operations import user_ops

LATER = timedelta(hours=1)
MS = timedelta(milliseconds=1)


async def test_a_new_user_is_stored_without_credits(db: Database, now: datetime) -> None:
    user, is_new = await user_ops.upsert_visitor(
        Visitor(user_id=7, username="ann", first_name='<3 & "x"', language="de"), now, source="ad1"
    )

    assert is_new
    assert (user.joined_at, user.last_seen_at, user.source) == (now, now, "ad1")
    document = await db.collection("users").find_one({"user_id": 7})
    assert document is not None
    assert document["first_name"] == '<3 & "x"'
    assert (document["credits"], document["is_banned"], document["blocked_at"]) == (0, False, None)
    assert await user_ops.find(7) == user


async def test_a_known_user_is_refreshed_and_keeps_credits_and_source(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Ann", username="ann"), now, source="ad1")
    await db.collection("users").update_one({"user_id": 7}, {"$set": {"credits": 4, "is_banned": True}})

    user, is_new = await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Anna"), now + LATER, source="ad2")

    assert not is_new
    assert (user.first_name, user.username, user.credits, user.is_banned) == ("Anna", None, 4, True)
    assert (user.joined_at, user.last_seen_at, user.source) == (now, now + LATER, "ad1")
    assert await user_ops.find(7) == user


@pytest.mark.parametrize("is_writing", [True, False])
async def test_an_update_that_names_no_language_leaves_the_known_one(
    db: Database, now: datetime, is_writing: bool
) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Ann", language="de"), now)
    user, _ = await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Ann"), now, is_writing=is_writing)
    assert user.language == "de" and await user_ops.find(7) == user
    user, _ = await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Ann", language="pt-br"), now)
    assert user.language == "pt-br"
    new, _ = await user_ops.upsert_visitor(Visitor(user_id=8, first_name="Bo"), now, is_writing=is_writing)
    assert new.language is None and await user_ops.find(8) == new


async def test_a_second_upsert_in_the_same_millisecond_is_not_new(db: Database, now: datetime) -> None:
    assert (await user_ops.upsert_visitor(Visitor(user_id=7), now))[1]
    assert not (await user_ops.upsert_visitor(Visitor(user_id=7), now))[1]


async def test_fifty_concurrent_first_visits_insert_one_record(db: Database, now: datetime) -> None:
    visits = await asyncio.gather(
        *(user_ops.upsert_visitor(Visitor(user_id=7, first_name="Ann"), now) for _ in range(50))
    )

    assert sum(is_new for _, is_new in visits) == 1
    assert {user.user_id for user, _ in visits} == {7}
    assert await db.collection("users").count({}) == 1


async def test_the_slower_of_two_first_visits_finds_a_known_user(
    db: Database, now: datetime, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("users", "find_one_and_update")
    user, is_new = await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Ann"), now, source="ad1")

    assert not is_new
    assert user == await user_ops.find(7)
    assert await db.collection("users").count({}) == 1


async def test_times_are_stored_in_milliseconds(db: Database, now: datetime) -> None:
    user, _ = await user_ops.upsert_visitor(Visitor(user_id=7), now + timedelta(microseconds=999))

    assert user.joined_at == now
    assert user == await user_ops.find(7)


async def test_a_user_who_writes_again_is_not_blocked(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    assert await user_ops.mark_blocked(7, now)

    user, _ = await user_ops.upsert_visitor(Visitor(user_id=7), now + LATER)
    assert user.blocked_at is None
    assert await db.collection("users").count({"blocked_at": None}) == 1


async def test_a_join_request_does_not_clear_the_block(db: Database, now: datetime) -> None:
    new, _ = await user_ops.upsert_visitor(Visitor(user_id=7), now, is_writing=False)
    assert new.blocked_at is None
    assert new == await user_ops.find(7)
    assert await user_ops.mark_blocked(7, now)

    user, is_new = await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Ann"), now + LATER, is_writing=False)
    assert not is_new
    assert (user.blocked_at, user.first_name, user.last_seen_at) == (now, "Ann", now + LATER)
    assert user == await user_ops.find(7)


async def test_the_time_of_the_first_block_is_kept(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)

    assert await user_ops.mark_blocked(7, now)
    assert not await user_ops.mark_blocked(7, now + LATER)
    user = await user_ops.find(7)
    assert user is not None
    assert user.blocked_at == now

    assert await user_ops.mark_unblocked(7)
    assert not await user_ops.mark_unblocked(7)


async def test_an_unknown_user_is_not_inserted_by_marking(db: Database, now: datetime) -> None:
    assert await user_ops.find(404) is None
    assert not await user_ops.mark_blocked(404, now)
    assert await user_ops.count() == 0


async def test_every_visitor_is_counted_once(db: Database, now: datetime) -> None:
    for user_id in (1, 2, 1):
        await user_ops.upsert_visitor(Visitor(user_id=user_id), now)
    assert await user_ops.count() == 2


@pytest.mark.parametrize("name", ["‮مرحبا", "a\x00b", "𝔸" * 64])
async def test_unusual_names_are_stored_unchanged(db: Database, now: datetime, name: str) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7, first_name=name), now)
    user = await user_ops.find(7)

    assert user is not None
    assert user.first_name == name


async def test_an_id_beyond_64_bits_is_refused(db: Database) -> None:
    if db.is_memory:
        assert await user_ops.find(10**20) is None
    else:
        with pytest.raises(StoreRefused):
            await user_ops.find(10**20)


async def test_an_upsert_costs_one_command(db: Database, now: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), now)
    assert dict(db.calls) == {"find_one_and_update users": 1}
