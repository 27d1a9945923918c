"""The first hour as stored: what happens once happens once, whichever processes are at it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from core.errors import AlreadyThere
from core.team.first_hour import FirstHour, StorageCandidate
from database import first_hour
from database.connection import Database
from tests.operations.conftest import StepIn

CHOSEN = StorageCandidate(chat_id=-1, title="Vault", admin_id=1, admin_name="Ann", message_id=5)
OTHER = StorageCandidate(chat_id=-2, title="Attic", admin_id=2, admin_name="Bob", message_id=6)
LATER = timedelta(minutes=1)
Mark = Callable[[datetime], Awaitable[bool]]
MARKS = (first_hour.mark_announced, first_hour.mark_told)


async def test_nothing_is_stored_of_a_house_that_is_new(db: Database, now: datetime) -> None:
    assert await first_hour.load() == await first_hour.current(now) == FirstHour()
    assert not await first_hour.drop_candidate(CHOSEN.chat_id)


@pytest.mark.parametrize("mark", MARKS)
async def test_of_all_calls_ever_one_marks(db: Database, now: datetime, mark: Mark) -> None:
    assert sorted(await asyncio.gather(*(mark(now) for _ in range(5)))) == [False] * 4 + [True]
    before = await first_hour.load()
    assert not await mark(now + LATER)
    assert await first_hour.load() == before


async def test_each_of_the_two_is_marked_in_its_own_field(db: Database, now: datetime) -> None:
    assert await first_hour.mark_announced(now)
    assert await first_hour.mark_told(now + LATER)
    assert await first_hour.load() == FirstHour(None, now, now + LATER)


@pytest.mark.parametrize("mark", MARKS)
async def test_a_mark_is_not_lost_when_another_process_stores_the_first_choice_at_the_same_instant(
    db: Database, now: datetime, mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = db.collection("admin_config")
    whole = config.update_one

    async def overtaken(*args: object, **options: object) -> bool:
        monkeypatch.setattr(config, "update_one", whole)
        await first_hour.keep_candidate(CHOSEN)
        raise AlreadyThere("the other was first")

    monkeypatch.setattr(config, "update_one", overtaken)
    assert await mark(now)
    stored = await first_hour.load()
    assert (stored.candidate, stored.announced_at or stored.told_at) == (CHOSEN, now)
    assert not await mark(now)


async def test_the_later_choice_replaces_the_earlier_and_keeps_the_marks(db: Database, now: datetime) -> None:
    await first_hour.mark_announced(now)
    await first_hour.keep_candidate(CHOSEN)
    await first_hour.keep_candidate(OTHER)
    assert await first_hour.load() == FirstHour(OTHER, now)


async def test_a_choice_is_dropped_once_and_only_if_it_is_still_the_one(
    db: Database, now: datetime, step_in: StepIn
) -> None:
    await first_hour.keep_candidate(CHOSEN)
    step_in("admin_config", "update_one", lambda: first_hour.keep_candidate(OTHER))
    assert not await first_hour.drop_candidate(CHOSEN.chat_id)
    assert (await first_hour.load()).candidate == OTHER
    assert await first_hour.drop_candidate(OTHER.chat_id)
    assert not await first_hour.drop_candidate(OTHER.chat_id)
    assert (await first_hour.load()).candidate is None


async def test_a_change_of_this_process_is_seen_at_once_although_reads_are_shared(db: Database, now: datetime) -> None:
    assert (await first_hour.current(now)).candidate is None
    await first_hour.keep_candidate(CHOSEN)
    assert (await first_hour.current(now)).candidate == CHOSEN
    await first_hour.drop_candidate(CHOSEN.chat_id)
    assert (await first_hour.current(now)).candidate is None
    await first_hour.mark_announced(now)
    assert (await first_hour.current(now)).announced_at == now
