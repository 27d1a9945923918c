"""The health of one process: its database and its event loop, and the alerts about them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiogram import Bot
from aiogram.methods import GetMe, GetUpdates, TelegramMethod
from aiogram.types import Chat, Message, Update

from core.errors import StoreUnavailable
from core.health.findings import Finding, Trouble
from monitoring import health as subject
from monitoring import metrics
from monitoring.alerts import Alerts
from monitoring.health import AWAY_AFTER, BACK_AFTER, LAG_EVERY_S, PING_EVERY_S, DatabaseWatch, measure_lag, time_ping
from sender.updates.update_ages import UpdateAges
from tests.clocks import SteeredClock, WithSeconds
from views.system import health_texts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Store:
    def __init__(self) -> None:
        self.is_there = True

    async def ping(self) -> None:
        if not self.is_there:
            raise StoreUnavailable("ping: AutoReconnect")


class Owners:
    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, html: str) -> bool:
        self.texts.append(html)
        return True


def value(name: str, **labels: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(name, labels)


async def test_an_outage_and_its_end_are_notified_once_each() -> None:
    store, owners = Store(), Owners()
    watch = DatabaseWatch(store.ping, Alerts(owners), "away", "back", SteeredClock())
    await watch.poll()
    store.is_there = False
    for _ in range(AWAY_AFTER - 1):
        await watch.poll()
    assert owners.texts == []
    for _ in range(5):
        await watch.poll()
    assert owners.texts == ["away"]
    store.is_there = True
    for _ in range(BACK_AFTER - 1):
        await watch.poll()
    assert owners.texts == ["away"]
    await watch.poll()
    await watch.poll()
    assert owners.texts == ["away", "back"]


async def test_a_flapping_database_is_one_outage() -> None:
    store, owners = Store(), Owners()
    watch = DatabaseWatch(store.ping, Alerts(owners), "away", "back", SteeredClock())
    for _ in range(20):
        store.is_there = False
        for _ in range(AWAY_AFTER):
            await watch.poll()
        store.is_there = True
        await watch.poll()
    assert owners.texts == ["away"]


async def test_the_watch_polls_every_15_seconds_until_cancelled() -> None:
    store, slept = Store(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await DatabaseWatch(store.ping, Alerts(Owners()), "away", "back", SteeredClock(sleep)).run()
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
    assert subject.AWAY == Finding(trouble=Trouble.DATABASE_AWAY).incident == "health:database_away"


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_a_sentence_a_next_step_and_an_end(trouble: Trouble) -> None:
    finding = Finding(trouble=trouble, subject="user_bot", amount=1234, detail="a <b>\n c")
    assert health_texts.sentence(finding).startswith(("Telegram", "A ", "The ", "1,234 "))
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
