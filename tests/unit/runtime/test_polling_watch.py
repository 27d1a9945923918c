"""Another program that polls with the token: one alert, one all-clear, and polling waits for neither."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError, TelegramNetworkError, TelegramUnauthorizedError
from aiogram.methods import GetMe, GetUpdates, TelegramMethod

from core.clock import ManualClock
from core.supervisor import Supervisor
from monitoring.alerts import Alerts, Words
from runtime.polling_watch import AGAIN_WITHIN_S, OVER_AFTER_S, PollingWatch

#: seconds between two polls; Telegram holds one for 50 s at most
POLL_S = 50.0
OTHER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


class Polling:
    """One bot's calls as they pass the watch, and the owners."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.told: list[str] = []
        self.reaches = True
        self.hangs = False
        self.tasks = supervisor
        self.alerts = Alerts(self._tell)
        self.watch = PollingWatch("user_bot", self.alerts, self.clock, supervisor)

    async def _tell(self, words: Words) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        self.told.append(words())
        return self.reaches

    async def call(self, error: BaseException | None = None, method: TelegramMethod[Any] | None = None) -> None:
        """Let one call pass, which raises `error`; then let the tasks end that it started."""

        async def make_request(bot: Bot, method: TelegramMethod[Any]) -> Any:
            if error is not None:
                raise error
            return []

        bot = cast(Bot, None)
        if error is None:
            await self.watch(make_request, bot, method or GetUpdates())
        else:
            with pytest.raises(type(error)):
                await self.watch(make_request, bot, method or GetUpdates())
        if not self.hangs:
            await self.tasks.close(wait_s=5)

    async def conflict(self, times: int = 1, text: str = OTHER) -> None:
        for _ in range(times):
            await self.call(TelegramConflictError(method=GetUpdates(), message=text))

    async def wait(self, seconds: float) -> None:
        """Let time pass, with polls in it."""
        while seconds > POLL_S:
            self.clock.move(timedelta(seconds=POLL_S))
            await self.call()
            seconds -= POLL_S
        self.clock.move(timedelta(seconds=seconds))


@pytest.fixture
async def polling() -> AsyncIterator[Polling]:
    supervisor = Supervisor()
    yield Polling(supervisor)
    await supervisor.close()


async def test_the_second_conflict_is_told_once_and_its_end_after_ten_quiet_minutes(polling: Polling) -> None:
    await polling.conflict()
    assert polling.told == []
    await polling.conflict(20)
    assert ["A second program is using the user bot" in text for text in polling.told] == [True]
    await polling.wait(OVER_AFTER_S - 1)
    await polling.call()
    assert len(polling.told) == 1
    await polling.wait(1)
    for _ in range(3):
        await polling.call()
    assert "no other program" in polling.told[1]
    assert len(polling.told) == 2


async def test_a_conflict_in_between_starts_the_quiet_time_again(polling: Polling) -> None:
    await polling.conflict(2)
    await polling.wait(OVER_AFTER_S - 1)
    await polling.conflict()
    await polling.wait(OVER_AFTER_S - 1)
    await polling.call()
    assert len(polling.told) == 1


async def test_the_one_conflict_of_a_restart_is_not_told(polling: Polling) -> None:
    await polling.conflict()
    await polling.wait(AGAIN_WITHIN_S + 1)
    await polling.conflict()
    assert polling.told == []


async def test_an_incident_of_the_process_before_is_ended(polling: Polling) -> None:
    await polling.conflict(2)
    polling.watch = PollingWatch("user_bot", polling.alerts, polling.clock, polling.tasks)
    await polling.call()
    assert len(polling.told) == 1
    await polling.wait(OVER_AFTER_S)
    await polling.call()
    assert len(polling.told) == 2


async def test_a_process_that_stood_by_ends_no_incident_before_it_has_polled_for_ten_minutes(polling: Polling) -> None:
    stood_by = PollingWatch("user_bot", polling.alerts, polling.clock, polling.tasks)
    await polling.wait(OVER_AFTER_S * 2)
    await polling.conflict(2)
    polling.watch = stood_by
    await polling.wait(OVER_AFTER_S)
    assert len(polling.told) == 1
    await polling.wait(2 * POLL_S)
    assert len(polling.told) == 2


async def test_a_conflict_at_each_of_two_takeovers_is_no_second_program(polling: Polling) -> None:
    await polling.conflict()
    # another process of ours polls meanwhile
    polling.clock.move(timedelta(seconds=AGAIN_WITHIN_S + 1))
    await polling.conflict()
    assert polling.told == []


async def test_an_alert_that_reached_nobody_is_sent_again_at_the_next_conflict(polling: Polling) -> None:
    polling.reaches = False
    await polling.conflict(2)
    polling.reaches = True
    await polling.conflict()
    assert len(polling.told) == 2


async def test_polling_does_not_wait_for_an_alert_that_hangs(polling: Polling) -> None:
    polling.hangs = True
    async with asyncio.timeout(5):
        await polling.conflict(5)
        await polling.call()
    assert polling.tasks.running == 1


@pytest.mark.parametrize(
    "error",
    [
        TelegramConflictError(method=GetUpdates(), message=WEBHOOK),
        TelegramConflictError(method=GetUpdates(), message="Conflict: terminated by setWebhook request"),
        TelegramNetworkError(method=GetUpdates(), message="reset"),
        TelegramUnauthorizedError(method=GetUpdates(), message="Unauthorized"),
    ],
    ids=lambda error: str(error.message)[:20],
)
async def test_other_failures_are_not_taken_for_another_program(polling: Polling, error: BaseException) -> None:
    for _ in range(3):
        await polling.call(error)
    assert polling.told == []


async def test_only_polls_count(polling: Polling) -> None:
    error = TelegramConflictError(method=GetMe(), message=OTHER)
    for _ in range(3):
        await polling.call(error, GetMe())
    assert polling.told == []
