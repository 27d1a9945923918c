"""The owners are told of an error text nobody knows: once, without secrets."""

import asyncio

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage

from monitoring.alerts import Alerts, Words
from runtime.refusal_alerts import RefusalAlerts
from sender.lanes import Lane, current_lane, in_lane
from sender.limiting.send_limiter import SendLimiter
from tests.unit.sender.virtual import VirtualTime

NEW = "Bad Request: <i>NEW</i> 1002:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"


class Told:
    """Two limiters, and what the owners were told, with the lane in which they were."""

    def __init__(self) -> None:
        clock = VirtualTime()
        self.alerts: list[tuple[Lane, str]] = []
        self.limiters = [SendLimiter(clock=clock), SendLimiter(clock=clock)]
        self.refusals = RefusalAlerts(Alerts(self._send, clock=clock))
        for limiter in self.limiters:
            self.refusals.watch(limiter)

    async def _send(self, words: Words) -> bool:
        self.alerts.append((current_lane(), words()))
        return True

    async def note(self, *texts: str) -> None:
        task = asyncio.ensure_future(self.refusals.run())
        for text in texts:
            for limiter in self.limiters:
                with in_lane(Lane.BULK):
                    error = TelegramBadRequest(SendMessage(chat_id=1, text="x"), text)
                    limiter.unknown_refusals.note("sendMessage", 1, error)
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_one_text_is_one_alert_whichever_bot_gets_it_and_however_often() -> None:
    told = Told()
    await told.note(NEW, NEW)
    (alert,) = [html for _, html in told.alerts]
    assert "&lt;i&gt;NEW" in alert
    assert "sendMessage (private chat)" in alert


async def test_an_alert_holds_no_token() -> None:
    told = Told()
    await told.note(NEW)
    assert "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0" not in str(told.alerts)


async def test_an_alert_does_not_wait_in_the_lane_of_the_failed_call() -> None:
    told = Told()
    await told.note(NEW)
    assert [lane for lane, _ in told.alerts] == [Lane.INTERACTIVE]


async def test_two_texts_are_two_alerts() -> None:
    told = Told()
    await told.note("Bad Request: ONE", "Bad Request: OTHER")
    assert len(told.alerts) == 2
