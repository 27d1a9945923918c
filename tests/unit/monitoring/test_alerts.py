"""Owners are notified once per incident."""

import asyncio
from contextvars import ContextVar
from datetime import datetime

import pytest

from core.supervisor import Supervisor
from monitoring.alerts import Alerts, Words
from monitoring.logs import mask

_spoken: ContextVar[str] = ContextVar("spoken", default="source")


class Owners:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reaches = True

    async def __call__(self, words: Words) -> bool:
        self.texts.append(words())
        return self.reaches


async def test_an_incident_is_notified_once_until_it_is_cleared() -> None:
    owners = Owners()
    alerts = Alerts(owners)
    assert await alerts.raise_once("storage", lambda: "lost")
    assert not await alerts.raise_once("storage", lambda: "lost")
    assert await alerts.raise_once("other", lambda: "else")
    await alerts.clear("storage", lambda: "back")
    await alerts.clear("storage", lambda: "back")
    assert await alerts.raise_once("storage", lambda: "lost again")
    assert owners.texts == ["lost", "else", "back", "lost again"]


async def test_an_alert_that_reached_nobody_is_sent_again() -> None:
    owners = Owners()
    owners.reaches = False
    alerts = Alerts(owners)
    assert not await alerts.raise_once("storage", lambda: "lost")
    owners.reaches = True
    assert await alerts.raise_once("storage", lambda: "lost")
    assert owners.texts == ["lost", "lost"]


async def test_each_owner_hears_of_it_in_their_language_and_the_webhook_in_that_of_the_source() -> None:
    heard: list[str] = []

    async def owners(words: Words) -> bool:
        for name in ("olive", "boris"):
            spoken = _spoken.set(name)
            heard.append(words())
            _spoken.reset(spoken)
        return True

    async def sink(incident: str | None, state: str, text: str, at: datetime) -> bool:
        heard.append(text)
        return True

    # in the task of a subscriber
    _spoken.set("alice")
    await Alerts(owners, sink=sink).raise_once("storage", lambda: f"lost, {_spoken.get()}")
    assert sorted(heard) == ["lost, boris", "lost, olive", "lost, source"]


def test_tokens_and_passwords_are_masked_in_any_text() -> None:
    text = "POST http://127.0.0.1/bot123456789:AAbbCCddEE-_ff/sendMessage to mongodb://user:pa%20ss@db:27017/x"
    masked = mask(text)
    assert "AAbbCCddEE" not in masked
    assert "pa%20ss" not in masked
    assert "bot123456789:***" in masked
    assert "mongodb://***@db:27017/x" in masked


async def test_the_supervisor_cancels_its_tasks_at_close() -> None:
    supervisor = Supervisor()
    done: list[str] = []

    async def quick() -> None:
        done.append("quick")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("cancelled")

    supervisor.spawn(quick(), "quick")
    supervisor.spawn(endless(), "endless")
    assert supervisor.running == 2
    await supervisor.close(wait_s=0.01)
    assert done == ["quick", "cancelled"]
    assert supervisor.running == 0


async def test_a_failing_task_is_logged_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor()

    async def fails() -> None:
        raise ValueError("broken on purpose")

    task = supervisor.spawn(fails(), "nightly")
    await asyncio.wait({task})
    await supervisor.close()
    assert [(record.message, vars(record)["task"]) for record in caplog.records] == [("task.failed", "nightly")]
    assert "broken on purpose" in caplog.text
