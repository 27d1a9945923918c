"""Owners are notified once per incident."""

import asyncio

import pytest

from core.supervisor import Supervisor
from monitoring.alerts import Alerts
from monitoring.logs import mask


class Owners:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reaches = True

    async def __call__(self, html: str) -> bool:
        self.texts.append(html)
        return self.reaches


async def test_an_incident_is_notified_once_until_it_is_cleared() -> None:
    owners = Owners()
    alerts = Alerts(owners)
    assert await alerts.raise_once("storage", "lost")
    assert not await alerts.raise_once("storage", "lost")
    assert await alerts.raise_once("other", "else")
    await alerts.clear("storage", "back")
    await alerts.clear("storage", "back")
    assert await alerts.raise_once("storage", "lost again")
    assert owners.texts == ["lost", "else", "back", "lost again"]


async def test_an_alert_that_reached_nobody_is_sent_again() -> None:
    owners = Owners()
    owners.reaches = False
    alerts = Alerts(owners)
    assert not await alerts.raise_once("storage", "lost")
    owners.reaches = True
    assert await alerts.raise_once("storage", "lost")
    assert owners.texts == ["lost", "lost"]


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
