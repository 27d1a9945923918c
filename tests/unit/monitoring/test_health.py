"""The health of one process: its database and its event loop, and the alerts about them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiogram import Bot
from aiogram.methods import GetMe, GetUpdates, TelegramMethod
from aiogram.types import Chat, Message, Update

from core.errors import StoreReadOnly, StoreUnavailable, TollgateError
from core.health.findings import Finding, Trouble
from core.health.incidents import CloseDecision
from monitoring import health as subject
from monitoring import metrics
from monitoring.alerts import Alerts, Words
from monitoring.health import (
    AWAY_AFTER,
    BACK_AFTER,
    LAG_EVERY_S,
    PING_EVERY_S,
    REFUSED_AFTER,
    SLOW_POLL_EVERY_S,
    DatabaseWatch,
    WatchedStore,
    measure_lag,
    time_ping,
)
from monitoring.incident_store import MemoryIncidentStore
from sender.updates.update_ages import UpdateAges
from tests.clocks import SteeredClock, WithSeconds
from views.system import health_texts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Store:
    """A database that answers, takes writes and has the machine's time, unless told otherwise."""

    def __init__(self) -> None:
        self.is_there = True
        self.refused: str | None = None
        #: why it refuses the next small write; an error: it cannot be told
        self.refuses: str | TollgateError | None = None
        self.ahead = timedelta()
        self.tried = self.compared = 0

    async def ping(self) -> None:
        if not self.is_there:
            raise StoreUnavailable("ping: AutoReconnect")

    async def check(self) -> str | None:
        self.tried += 1
        if isinstance(self.refuses, TollgateError):
            raise self.refuses
        self.refused = self.refuses
        return self.refused

    async def compare(self) -> timedelta:
        self.compared += 1
        return self.ahead


class Owners:
    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, words: Words) -> bool:
        self.texts.append(words())
        return True


AWAY = health_texts.alert(Finding(trouble=Trouble.DATABASE_AWAY))
BACK = health_texts.all_clear(Finding(trouble=Trouble.DATABASE_AWAY))


def watch_over(store: Store, owners: Owners, clock: SteeredClock | None = None) -> DatabaseWatch:
    return DatabaseWatch(
        WatchedStore(store.ping, store, store.compare), Alerts(owners), health_texts, clock or SteeredClock(start=NOW)
    )


def value(name: str, **labels: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(name, labels)


async def test_an_outage_and_its_end_are_notified_once_each() -> None:
    store, owners = Store(), Owners()
    watch = watch_over(store, owners)
    await watch.poll()
    store.is_there = False
    for _ in range(AWAY_AFTER - 1):
        await watch.poll()
    assert owners.texts == []
    for _ in range(5):
        await watch.poll()
    assert owners.texts == [AWAY]
    store.is_there = True
    for _ in range(BACK_AFTER - 1):
        await watch.poll()
    assert owners.texts == [AWAY]
    await watch.poll()
    await watch.poll()
    assert owners.texts == [AWAY, BACK]


async def test_a_flapping_database_is_one_outage() -> None:
    store, owners = Store(), Owners()
    watch = watch_over(store, owners)
    for _ in range(20):
        store.is_there = False
        for _ in range(AWAY_AFTER):
            await watch.poll()
        store.is_there = True
        await watch.poll()
    assert owners.texts == [AWAY]


async def polled(watch: DatabaseWatch, clock: SteeredClock, polls: int) -> None:
    for _ in range(polls):
        clock.move(timedelta(seconds=PING_EVERY_S))
        await watch.poll()


async def test_a_store_that_refuses_writes_is_told_once_and_its_end_once() -> None:
    store, owners, clock = Store(), Owners(), SteeredClock(start=NOW)
    watch = watch_over(store, owners, clock)
    store.refused = store.refuses = "update_one health: OperationFailure 8000 AtlasError"
    await polled(watch, clock, REFUSED_AFTER - 1)
    assert owners.texts == []
    await polled(watch, clock, 10)
    (told,) = owners.texts
    assert "takes no writes" in told and "8000 AtlasError" in told
    assert value("tollgate_database_refuses_writes") == 1
    store.refuses = None
    await polled(watch, clock, 10)
    assert owners.texts[1:] == ["The database takes writes again."]
    assert value("tollgate_database_refuses_writes") == 0


async def test_a_primary_that_answers_pings_and_takes_no_write_for_long_is_told() -> None:
    store, owners, clock = Store(), Owners(), SteeredClock(start=NOW)
    store.refuses = StoreUnavailable("update_one health: NotPrimaryError 10107")
    await polled(watch_over(store, owners, clock), clock, REFUSED_AFTER + 1)
    assert len(owners.texts) == 1 and "10107" in owners.texts[0]


async def test_the_alert_about_refused_writes_needs_no_store() -> None:
    class FullStore(MemoryIncidentStore):
        """Can be read, and refuses every write for a while."""

        is_full = True

        def refuse(self) -> None:
            if self.is_full:
                raise StoreReadOnly("find_one_and_update incidents: OperationFailure 14031 OutOfDiskSpace")

        async def claim_open(self, incident: str, now: datetime, hold_for: timedelta) -> bool:
            self.refuse()
            return await super().claim_open(incident, now, hold_for)

        async def mark_notified(self, incident: str, now: datetime) -> None:
            self.refuse()
            await super().mark_notified(incident, now)

        async def claim_close(self, incident: str, now: datetime, hold_for: timedelta) -> CloseDecision:
            self.refuse()
            return await super().claim_close(incident, now, hold_for)

    store, owners, clock = Store(), Owners(), SteeredClock(start=NOW)
    store.refuses = "full"
    incidents = FullStore()
    alerts = Alerts(owners, store=incidents, clock=clock)
    watch = DatabaseWatch(WatchedStore(store.ping, store, store.compare), alerts, health_texts, clock)
    await polled(watch, clock, REFUSED_AFTER + 5)
    assert len(owners.texts) == 1
    store.refuses, incidents.is_full = None, False
    await polled(watch, clock, 10)
    assert owners.texts[1:] == ["The database takes writes again."]
    assert await incidents.find_open() == []


async def test_a_quiet_store_gets_one_small_write_and_one_comparison_a_minute() -> None:
    store, clock = Store(), SteeredClock(start=NOW)
    await polled(watch_over(store, Owners(), clock), clock, 1 + 5 * int(SLOW_POLL_EVERY_S / PING_EVERY_S))
    assert (store.tried, store.compared) == (6, 6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("apart_s", "is_told"), [(5, False), (10, False), (30, True), (120, True)])
async def test_clocks_apart_by_more_than_ten_seconds_are_told_and_their_end_too(
    apart_s: int, is_told: bool, sign: int
) -> None:
    store, owners, clock = Store(), Owners(), SteeredClock(start=NOW)
    watch = watch_over(store, owners, clock)
    store.ahead = sign * timedelta(seconds=apart_s)
    await polled(watch, clock, 20)
    assert len(owners.texts) == int(is_told)
    assert all(f"{apart_s} seconds" in text for text in owners.texts)
    store.ahead = timedelta(seconds=sign)
    await polled(watch, clock, 20)
    assert len(owners.texts) == 2 * int(is_told)


async def test_the_watch_polls_every_15_seconds_until_cancelled() -> None:
    store, slept = Store(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await watch_over(store, Owners(), SteeredClock(sleep)).run()
    assert slept == [PING_EVERY_S] * 3


async def test_a_ping_updates_the_metrics_whether_it_succeeds_or_fails() -> None:
    store = Store()
    took_s = await time_ping(store.ping)
    assert took_s is not None and took_s >= 0
    assert (value("tollgate_database_up"), value("tollgate_database_ping_seconds")) == (1, took_s)
    store.is_there = False
    assert await time_ping(store.ping) is None
    assert (value("tollgate_database_up"), value("tollgate_database_ping_seconds")) == (0, took_s)


async def test_a_hanging_ping_times_out() -> None:
    async with asyncio.timeout(5):
        assert await time_ping(asyncio.Event().wait, timeout_s=0.01) is None


async def test_the_delay_of_the_event_loop_is_measured() -> None:
    seconds, before = 0.0, value("tollgate_event_loop_lag_seconds_sum") or 0.0
    rounds = 0

    async def sleep(wanted: float) -> None:
        nonlocal seconds, rounds
        rounds += 1
        if rounds == 3:
            raise asyncio.CancelledError
        # the second sleep ends too early
        seconds += wanted + (0.5 if rounds == 1 else -0.5)

    with pytest.raises(asyncio.CancelledError):
        await measure_lag(WithSeconds(lambda: seconds, sleep=sleep))
    assert LAG_EVERY_S == 1.0
    assert value("tollgate_event_loop_lag_seconds_sum") == pytest.approx(before + 0.5)


def test_the_watch_and_the_health_check_use_the_same_incident() -> None:
    assert subject._AWAY.incident == Finding(trouble=Trouble.DATABASE_AWAY).incident == "health:database_away"


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_a_sentence_a_next_step_and_an_end(trouble: Trouble) -> None:
    finding = Finding(trouble=trouble, subject="user_bot", amount=1234, detail="a <b>\n c")
    assert health_texts.sentence(finding).startswith(("Telegram", "A ", "The ", "1,234 ", "Work ", "For "))
    assert health_texts.sentence(finding).endswith("It says: a <b> c")
    for text in (health_texts.sentence(finding.model_copy(update={"detail": ""})), health_texts.next_step(finding)):
        assert text.endswith(".")
        assert "user_bot" not in text
    assert "a &lt;b&gt; c" in health_texts.alert(finding)
    assert health_texts.all_clear(finding).endswith(".")
    assert len(health_texts.alert(finding.model_copy(update={"detail": "x" * 5000}))) < 1000


class Session:
    """Answers every call with `answer`."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def __call__(self, bot: Bot, method: TelegramMethod[object]) -> object:
        return self.answer


@pytest.mark.parametrize(("age_s", "shown"), [(90, 90.0), (-3, 0.0)])
async def test_the_age_of_received_messages_is_observed_once(age_s: int, shown: float) -> None:
    ages, bot = UpdateAges(lambda: NOW), Bot("93001:ages")
    name = {"bot": "93001"}
    before = value("tollgate_update_age_seconds_sum", **name) or 0.0
    chat = Chat(id=1, type="private")
    message = Message(message_id=1, date=NOW - timedelta(seconds=age_s), chat=chat, text="x")
    updates = [Update(update_id=1, message=message), Update(update_id=2)]
    make: Callable[..., Awaitable[object]] = Session(updates)
    for _ in range(2):  # an update comes again until it is confirmed
        assert await ages(make, bot, GetUpdates()) == updates  # type: ignore[arg-type, comparison-overlap]
    assert value("tollgate_update_age_seconds_sum", **name) == before + shown


async def test_the_age_is_observed_for_get_updates_only() -> None:
    make: Callable[..., Awaitable[object]] = Session("me")
    assert await UpdateAges(lambda: NOW)(make, Bot("93002:ages"), GetMe()) == "me"  # type: ignore[arg-type, comparison-overlap]
    assert value("tollgate_update_age_seconds_count", bot="93002") is None
