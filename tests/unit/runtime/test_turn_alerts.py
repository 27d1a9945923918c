"""That nobody polls, as far as a process knows, is told once since when, and once for how long it was."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import ManualClock
from core.processes.polling_lease import UNPOLLED
from core.supervisor import Supervisor
from monitoring import metrics
from monitoring.alerts import Alerts, Words
from runtime.updates.polling import POLLING
from runtime.updates.turn_alerts import AGAIN_S, TurnAlerts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOT = 91_003


class Telling:
    """One process, whose signs a test gives, and the owners."""

    def __init__(self, tasks: Supervisor) -> None:
        self.clock = ManualClock(NOON)
        self.told: list[str] = []
        self.reaches = True
        self.states = {"user_bot": POLLING}
        self._tasks = tasks
        self._alerts = TurnAlerts(
            "user_bot", BOT, Alerts(self._tell), tasks, states=self.states, clock=self.clock, zone=ZoneInfo("UTC")
        )

    async def _tell(self, words: Words) -> bool:
        self.told.append(words())
        return self.reaches

    async def see(self, since: datetime | None, *, for_s: float = 0, is_own: bool = True) -> None:
        """Let time pass, with signs every few seconds."""
        end = self.clock.now() + timedelta(seconds=for_s)
        while True:
            self._alerts(since, is_own)
            await self._tasks.close(wait_s=5)
            if self.clock.now() >= end:
                return
            self.clock.move(timedelta(seconds=5))

    @property
    def measured(self) -> tuple[float, float]:
        bot = str(BOT)
        return metrics.UNPOLLED_SINCE.labels(bot)._value.get(), metrics.POLLS.labels(bot)._value.get()


@pytest.fixture
async def process() -> AsyncIterator[Telling]:
    tasks = Supervisor()
    yield Telling(tasks)
    await tasks.close()


async def test_owners_are_told_once_since_when_and_once_for_how_long(process: Telling) -> None:
    await process.see(None, for_s=60)
    assert process.told == []
    since = process.clock.now()
    await process.see(since, for_s=7 * 60)
    (opening,) = process.told
    assert "takes no messages of the user bot" in opening and "12:01 (UTC)" in opening
    assert (process.states["user_bot"], process.measured) == (UNPOLLED, (since.timestamp(), 0))
    await process.see(None, for_s=60)
    _, ending = process.told
    assert "12:01 (UTC)" in ending and "for 7 minutes" in ending
    assert (process.states["user_bot"], process.measured) == (POLLING, (0, 1))


async def test_an_alert_that_reaches_nobody_is_sent_again_half_a_minute_later(process: Telling) -> None:
    process.reaches = False
    await process.see(NOON, for_s=AGAIN_S - 5)
    assert len(process.told) == 1
    process.reaches = True
    await process.see(NOON, for_s=120)
    assert len(process.told) == 2


async def test_what_nobody_could_be_told_of_needs_no_all_clear(process: Telling) -> None:
    process.reaches = False
    await process.see(NOON)
    process.told.clear()
    await process.see(None, for_s=60)
    assert (process.told, process.states["user_bot"]) == ([], POLLING)


async def test_a_second_time_is_told_as_the_first(process: Telling) -> None:
    for _ in range(2):
        await process.see(process.clock.now(), for_s=60)
        await process.see(None, for_s=60)
    assert len(process.told) == 4


async def test_a_process_that_stood_by_shows_it_and_leaves_the_telling_to_the_one_whose_turn_it_was(
    process: Telling,
) -> None:
    await process.see(NOON, for_s=120, is_own=False)
    assert (process.told, process.states["user_bot"]) == ([], UNPOLLED)
    await process.see(None, for_s=60, is_own=False)
    assert (process.told, process.states["user_bot"], process.measured[0]) == ([], POLLING, 0)
    # a turn that was given up because it began no poll was its own
    await process.see(NOON)
    await process.see(NOON, for_s=60, is_own=False)
    assert len(process.told) == 1
