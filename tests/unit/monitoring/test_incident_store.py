"""An incident is notified once across processes and restarts, and while the store is unavailable."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import incident_ops
from monitoring.alerts import Alerts, AlertState, Words
from monitoring.incident_store import CLAIM_FOR, NAMES_FRESH_S
from tests.clocks import WithSeconds
from tests.house import own_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock(seconds: "Seconds") -> ManualClock:
    return WithSeconds(seconds, NOW)


@pytest.fixture
async def db(clock: ManualClock) -> AsyncIterator[Database]:
    async with own_store() as store:
        database = await open_database(store["MONGO_URI"], store["MONGO_DB"], clock=clock)
        await ensure_indexes(database)
        yield database
        await close_database()


class People:
    """The owners, as notified by all processes."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.are_reachable = True
        #: awaited while an alert is being sent
        self.meanwhile: asyncio.Event | None = None
        self.is_sending = asyncio.Event()

    async def send(self, words: Words) -> bool:
        if self.meanwhile is not None:
            self.is_sending.set()
            await self.meanwhile.wait()
        self.texts.append(words())
        return self.are_reachable


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
    """Each call makes the Alerts of another process, which share only the store."""

    def __init__(self, people: People, clock: ManualClock) -> None:
        self._people, self._clock = people, clock

    def __call__(self) -> Alerts:
        return Alerts(self._people.send, store=incident_ops, clock=self._clock)


@pytest.fixture
def process(db: Database, people: People, clock: ManualClock) -> Processes:
    return Processes(people, clock)


def take_away(db: Database) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("no server")

    db.before_call = refuse


async def test_ten_concurrent_processes_notify_once(process: Processes, people: People) -> None:
    notified = await asyncio.gather(*(process().raise_once("storage", lambda: "lost") for _ in range(10)))
    assert sorted(notified) == [False] * 9 + [True]
    assert people.texts == ["lost"]


async def test_after_a_restart_only_the_all_clear_is_sent(process: Processes, people: People) -> None:
    assert await process().raise_once("storage", lambda: "lost")
    again = process()
    assert not await again.raise_once("storage", lambda: "lost")
    await again.clear("storage", lambda: "back")
    assert people.texts == ["lost", "back"]


async def test_ten_concurrent_processes_send_one_all_clear(process: Processes, people: People) -> None:
    await process().raise_once("storage", lambda: "lost")
    await asyncio.gather(*(process().clear("storage", lambda: "back") for _ in range(10)))
    assert people.texts == ["lost", "back"]


async def test_an_incident_that_reopens_is_notified_again(process: Processes, people: People) -> None:
    one, other = process(), process()
    for _ in range(3):
        assert await one.raise_once("storage", lambda: "lost")
        await other.clear("storage", lambda: "back")
        assert not await incident_ops.find_open()
        other = process()
    assert people.texts == ["lost", "back"] * 3


async def test_a_failed_alert_is_sent_again_and_needs_no_all_clear(process: Processes, people: People) -> None:
    people.are_reachable = False
    assert not await process().raise_once("storage", lambda: "lost")
    await process().clear("storage", lambda: "back")
    assert people.texts == ["lost"]
    assert not await process().raise_once("storage", lambda: "lost")
    people.are_reachable = True
    assert await process().raise_once("storage", lambda: "lost")
    assert not await process().raise_once("storage", lambda: "lost")
    assert people.texts == ["lost"] * 3


async def test_a_claim_of_a_dead_process_on_an_alert_expires_after_a_minute(
    process: Processes, people: People, clock: ManualClock
) -> None:
    assert await incident_ops.claim_open("storage", NOW, CLAIM_FOR)
    clock.move(CLAIM_FOR - SECOND)
    assert not await process().raise_once("storage", lambda: "lost")
    clock.move(SECOND)
    assert await process().raise_once("storage", lambda: "lost")
    assert people.texts == ["lost"]


async def test_a_claim_of_a_dead_process_on_an_all_clear_expires_after_a_minute(
    process: Processes, people: People, clock: ManualClock
) -> None:
    await process().raise_once("storage", lambda: "lost")
    await incident_ops.claim_close("storage", NOW, CLAIM_FOR)
    clock.move(CLAIM_FOR - SECOND)
    await process().clear("storage", lambda: "back")
    assert people.texts == ["lost"]
    clock.move(SECOND)
    await process().clear("storage", lambda: "back")
    assert people.texts == ["lost", "back"]


async def test_an_end_while_the_alert_is_being_sent_is_not_lost(process: Processes, people: People) -> None:
    people.meanwhile = asyncio.Event()
    sending = asyncio.create_task(process().raise_once("storage", lambda: "lost"))
    await people.is_sending.wait()
    await process().clear("storage", lambda: "back")
    people.meanwhile.set()
    # it is raised again before the first alert has been sent
    assert not await process().raise_once("storage", lambda: "lost")
    assert await sending
    assert people.texts == ["lost"]
    await process().clear("storage", lambda: "back")
    assert people.texts == ["lost", "back"]


async def test_a_failed_all_clear_is_sent_again(process: Processes, people: People) -> None:
    await process().raise_once("storage", lambda: "lost")
    people.are_reachable = False
    await process().clear("storage", lambda: "back")
    people.are_reachable = True
    await process().clear("storage", lambda: "back")
    await process().clear("storage", lambda: "back")
    assert people.texts == ["lost", "back", "back"]


async def test_a_claim_from_a_clock_that_was_ahead_does_not_block(
    process: Processes, people: People, clock: ManualClock
) -> None:
    assert await incident_ops.claim_open("storage", NOW + timedelta(hours=1), CLAIM_FOR)
    assert await process().raise_once("storage", lambda: "lost")


async def test_without_the_store_alert_and_all_clear_are_sent_once(
    db: Database, process: Processes, people: People
) -> None:
    one = process()
    take_away(db)
    assert await one.raise_once("database", lambda: "away")
    assert not await one.raise_once("database", lambda: "away")
    db.before_call = None
    await one.clear("database", lambda: "back")
    await one.clear("database", lambda: "back")
    assert people.texts == ["away", "back"]


async def test_an_incident_notified_without_the_store_is_stored_later(
    db: Database, process: Processes, people: People
) -> None:
    one = process()
    take_away(db)
    assert await one.raise_once("storage", lambda: "lost")
    db.before_call = None
    assert not await one.raise_once("storage", lambda: "lost")
    assert not await process().raise_once("storage", lambda: "lost")
    await process().clear("storage", lambda: "back")
    assert people.texts == ["lost", "back"]
    # and this process does not suppress later alerts
    assert await one.raise_once("storage", lambda: "lost")


@pytest.mark.parametrize("answered", [1, 2])
async def test_a_store_that_fails_between_two_steps_causes_no_second_alert(
    db: Database, process: Processes, people: People, answered: int
) -> None:
    one, calls = process(), 0

    def refuse_later(operation: str, collection: str) -> None:
        nonlocal calls
        calls += 1
        if calls > answered - 1:
            raise AutoReconnect("no server")

    db.before_call = refuse_later
    assert await one.raise_once("storage", lambda: "lost")
    db.before_call = None
    assert not await one.raise_once("storage", lambda: "lost")
    await one.clear("storage", lambda: "back")
    assert people.texts == ["lost", "back"]


async def test_an_all_clear_during_an_outage_of_the_store_is_sent_later(
    db: Database, process: Processes, people: People
) -> None:
    one = process()
    await one.raise_once("storage", lambda: "lost")
    take_away(db)
    await one.clear("storage", lambda: "back")
    assert people.texts == ["lost"]
    db.before_call = None
    await one.clear("storage", lambda: "back")
    assert people.texts == ["lost", "back"]


async def test_clearing_what_is_not_open_costs_one_query_in_ten_seconds(
    db: Database, process: Processes, seconds: Seconds
) -> None:
    one = process()
    db.calls.clear()
    for _ in range(100):
        await one.clear("storage", lambda: "back")
        await one.clear("post:x")
    assert db.calls == {"find incidents": 1}
    seconds.now += NAMES_FRESH_S
    await one.clear("storage", lambda: "back")
    assert db.calls == {"find incidents": 2}


async def test_incidents_of_other_processes_are_seen_after_ten_seconds(
    process: Processes, people: People, seconds: Seconds
) -> None:
    one = process()
    await one.clear("storage", lambda: "back")
    await process().raise_once("storage", lambda: "lost")
    seconds.now += NAMES_FRESH_S
    await one.clear("storage", lambda: "back")
    assert people.texts == ["lost", "back"]


async def test_an_alert_accepted_by_the_sink_alone_counts_as_notified(
    db: Database, people: People, clock: ManualClock
) -> None:
    posted: list[tuple[str | None, str, str, datetime]] = []

    async def sink(incident: str | None, state: str, text: str, at: datetime) -> bool:
        posted.append((incident, state, text, at))
        return True

    people.are_reachable = False
    alerts = Alerts(people.send, store=incident_ops, sink=sink, clock=clock)
    assert await alerts.raise_once("storage", lambda: "<b>lost</b> &amp; gone")
    assert not await alerts.raise_once("storage", lambda: "<b>lost</b>")
    assert await alerts.notify(lambda: "by the way")
    await alerts.clear("storage", lambda: "back")
    assert posted == [
        ("storage", AlertState.OPEN, "lost & gone", NOW),
        (None, AlertState.NOTE, "by the way", NOW),
        ("storage", AlertState.CLEAR, "back", NOW),
    ]


async def test_a_hanging_receiver_does_not_delay_the_other(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.alerts.SEND_TIMEOUT_S", 0.01)

    async def hang(words: Words) -> bool:
        await asyncio.Event().wait()
        return True

    async def sink(incident: str | None, state: str, text: str, at: datetime) -> bool:
        return True

    async with asyncio.timeout(5):
        assert await Alerts(hang, store=incident_ops, sink=sink, clock=clock).raise_once("storage", lambda: "lost")
        assert not await Alerts(hang, store=incident_ops, clock=clock).raise_once("other", lambda: "lost")


async def test_texts_of_alerts_are_not_stored(db: Database, process: Processes) -> None:
    one = process()
    await one.raise_once("storage", lambda: "the words of the alert")
    document = await db.collection("incidents").find_one({})
    assert document is not None
    assert set(document) == {"_id", "opened_at", "closed_at", "told_at", "claimed_until", "ending_until"}
    assert (document["opened_at"], document["told_at"]) == (NOW, NOW)
    await one.clear("storage", lambda: "back")
    document = await db.collection("incidents").find_one({})
    assert document is not None and document["closed_at"] == NOW
