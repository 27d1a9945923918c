"""An incident is told once by any number of processes, over restarts, and while the book is away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import incident_ops
from monitoring.alerts import Alerts, AlertState
from monitoring.incident_store import CLAIM_FOR, NAMES_FRESH_S
from tests.house import own_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def db(clock: ManualClock) -> AsyncIterator[Database]:
    async with own_store() as store:
        database = await open_database(store["MONGO_URI"], store["MONGO_DB"], clock=clock)
        await ensure_indexes(database)
        yield database
        await close_database()


class People:
    """Who is told, by all processes."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.are_there = True
        #: awaited in the middle of telling
        self.meanwhile: asyncio.Event | None = None
        self.is_telling = asyncio.Event()

    async def tell(self, html: str) -> bool:
        if self.meanwhile is not None:
            self.is_telling.set()
            await self.meanwhile.wait()
        self.texts.append(html)
        return self.are_there


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


class Processes:
    """Each call is a process that knows nothing but the book."""

    def __init__(self, people: People, clock: ManualClock, seconds: Seconds) -> None:
        self._people, self._clock, self._seconds = people, clock, seconds

    def __call__(self) -> Alerts:
        return Alerts(self._people.tell, store=incident_ops, clock=self._clock, monotonic=self._seconds)


@pytest.fixture
def process(db: Database, people: People, clock: ManualClock, seconds: Seconds) -> Processes:
    return Processes(people, clock, seconds)


def take_away(db: Database) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("no server")

    db.before_call = refuse


async def test_ten_processes_at_once_tell_once(process: Processes, people: People) -> None:
    told = await asyncio.gather(*(process().raise_once("storage", "lost") for _ in range(10)))
    assert sorted(told) == [False] * 9 + [True]
    assert people.texts == ["lost"]


async def test_a_restart_does_not_tell_again_and_gives_the_all_clear(process: Processes, people: People) -> None:
    assert await process().raise_once("storage", "lost")
    again = process()
    assert not await again.raise_once("storage", "lost")
    await again.clear("storage", "back")
    assert people.texts == ["lost", "back"]


async def test_ten_processes_that_see_the_end_give_one_all_clear(process: Processes, people: People) -> None:
    await process().raise_once("storage", "lost")
    await asyncio.gather(*(process().clear("storage", "back") for _ in range(10)))
    assert people.texts == ["lost", "back"]


async def test_after_its_end_it_is_told_again(process: Processes, people: People) -> None:
    one, other = process(), process()
    for _ in range(3):
        assert await one.raise_once("storage", "lost")
        await other.clear("storage", "back")
        assert not await incident_ops.open_names()
        other = process()
    assert people.texts == ["lost", "back"] * 3


async def test_one_nobody_was_told_of_is_tried_again_and_needs_no_all_clear(process: Processes, people: People) -> None:
    people.are_there = False
    assert not await process().raise_once("storage", "lost")
    await process().clear("storage", "back")
    assert people.texts == ["lost"]
    assert not await process().raise_once("storage", "lost")
    people.are_there = True
    assert await process().raise_once("storage", "lost")
    assert not await process().raise_once("storage", "lost")
    assert people.texts == ["lost"] * 3


async def test_a_process_that_vanished_while_telling_is_followed_after_a_minute(
    process: Processes, people: People, clock: ManualClock
) -> None:
    assert await incident_ops.begin("storage", NOW, CLAIM_FOR)
    clock.move(CLAIM_FOR - SECOND)
    assert not await process().raise_once("storage", "lost")
    clock.move(SECOND)
    assert await process().raise_once("storage", "lost")
    assert people.texts == ["lost"]


async def test_a_process_that_vanished_while_giving_the_all_clear_is_followed_after_a_minute(
    process: Processes, people: People, clock: ManualClock
) -> None:
    await process().raise_once("storage", "lost")
    await incident_ops.begin_end("storage", NOW, CLAIM_FOR)
    clock.move(CLAIM_FOR - SECOND)
    await process().clear("storage", "back")
    assert people.texts == ["lost"]
    clock.move(SECOND)
    await process().clear("storage", "back")
    assert people.texts == ["lost", "back"]


async def test_an_end_in_the_middle_of_the_telling_is_not_lost(process: Processes, people: People) -> None:
    people.meanwhile = asyncio.Event()
    telling = asyncio.create_task(process().raise_once("storage", "lost"))
    await people.is_telling.wait()
    await process().clear("storage", "back")
    people.meanwhile.set()
    # it begins again before the first has been told
    assert not await process().raise_once("storage", "lost")
    assert await telling
    assert people.texts == ["lost"]
    await process().clear("storage", "back")
    assert people.texts == ["lost", "back"]


async def test_an_all_clear_nobody_heard_is_given_again(process: Processes, people: People) -> None:
    await process().raise_once("storage", "lost")
    people.are_there = False
    await process().clear("storage", "back")
    people.are_there = True
    await process().clear("storage", "back")
    await process().clear("storage", "back")
    assert people.texts == ["lost", "back", "back"]


async def test_a_clock_that_was_put_back_blocks_nobody_for_long(
    process: Processes, people: People, clock: ManualClock
) -> None:
    assert await incident_ops.begin("storage", NOW + timedelta(hours=1), CLAIM_FOR)
    assert await process().raise_once("storage", "lost")


async def test_without_the_book_people_are_told_once_and_hear_the_end(
    db: Database, process: Processes, people: People
) -> None:
    one = process()
    take_away(db)
    assert await one.raise_once("database", "away")
    assert not await one.raise_once("database", "away")
    db.before_call = None
    await one.clear("database", "back")
    await one.clear("database", "back")
    assert people.texts == ["away", "back"]


async def test_what_was_told_without_the_book_is_written_down_when_it_is_back(
    db: Database, process: Processes, people: People
) -> None:
    one = process()
    take_away(db)
    assert await one.raise_once("storage", "lost")
    db.before_call = None
    assert not await one.raise_once("storage", "lost")
    assert not await process().raise_once("storage", "lost")
    await process().clear("storage", "back")
    assert people.texts == ["lost", "back"]
    # and this process suppresses nothing of what comes later
    assert await one.raise_once("storage", "lost")


@pytest.mark.parametrize("answered", [1, 2])
async def test_a_book_that_goes_away_in_the_middle_makes_nobody_hear_twice(
    db: Database, process: Processes, people: People, answered: int
) -> None:
    one, calls = process(), 0

    def refuse_later(operation: str, collection: str) -> None:
        nonlocal calls
        calls += 1
        if calls > answered - 1:
            raise AutoReconnect("no server")

    db.before_call = refuse_later
    assert await one.raise_once("storage", "lost")
    db.before_call = None
    assert not await one.raise_once("storage", "lost")
    await one.clear("storage", "back")
    assert people.texts == ["lost", "back"]


async def test_an_end_that_cannot_be_asked_for_comes_later(db: Database, process: Processes, people: People) -> None:
    one = process()
    await one.raise_once("storage", "lost")
    take_away(db)
    await one.clear("storage", "back")
    assert people.texts == ["lost"]
    db.before_call = None
    await one.clear("storage", "back")
    assert people.texts == ["lost", "back"]


async def test_asking_for_the_end_of_nothing_costs_one_look_in_ten_seconds(
    db: Database, process: Processes, seconds: Seconds
) -> None:
    one = process()
    db.calls.clear()
    for _ in range(100):
        await one.clear("storage", "back")
        await one.clear("post:x")
    assert db.calls == {"find incidents": 1}
    seconds.now += NAMES_FRESH_S
    await one.clear("storage", "back")
    assert db.calls == {"find incidents": 2}


async def test_the_end_of_what_another_process_began_is_seen_after_ten_seconds(
    process: Processes, people: People, seconds: Seconds
) -> None:
    one = process()
    await one.clear("storage", "back")
    await process().raise_once("storage", "lost")
    seconds.now += NAMES_FRESH_S
    await one.clear("storage", "back")
    assert people.texts == ["lost", "back"]


async def test_a_machine_that_takes_it_is_enough_and_hears_the_end(
    db: Database, people: People, clock: ManualClock
) -> None:
    posted: list[tuple[str | None, str, str, datetime]] = []

    async def sink(incident: str | None, state: str, text: str, at: datetime) -> bool:
        posted.append((incident, state, text, at))
        return True

    people.are_there = False
    alerts = Alerts(people.tell, store=incident_ops, sink=sink, clock=clock)
    assert await alerts.raise_once("storage", "<b>lost</b> &amp; gone")
    assert not await alerts.raise_once("storage", "<b>lost</b>")
    assert await alerts.notify("by the way")
    await alerts.clear("storage", "back")
    assert posted == [
        ("storage", AlertState.OPEN, "lost & gone", NOW),
        (None, AlertState.NOTE, "by the way", NOW),
        ("storage", AlertState.CLEAR, "back", NOW),
    ]


async def test_a_way_that_hangs_does_not_hold_up_the_other(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.alerts.SEND_TIMEOUT_S", 0.01)

    async def hang(html: str) -> bool:
        await asyncio.Event().wait()
        return True

    async def sink(incident: str | None, state: str, text: str, at: datetime) -> bool:
        return True

    async with asyncio.timeout(5):
        assert await Alerts(hang, store=incident_ops, sink=sink, clock=clock).raise_once("storage", "lost")
        assert not await Alerts(hang, store=incident_ops, clock=clock).raise_once("other", "lost")


async def test_no_text_is_stored(db: Database, process: Processes) -> None:
    one = process()
    await one.raise_once("storage", "the words of the alert")
    document = await db.collection("incidents").find_one({})
    assert document is not None
    assert set(document) == {"_id", "opened_at", "closed_at", "told_at", "claimed_until", "ending_until"}
    assert (document["opened_at"], document["told_at"]) == (NOW, NOW)
    await one.clear("storage", "back")
    document = await db.collection("incidents").find_one({})
    assert document is not None and document["closed_at"] == NOW
