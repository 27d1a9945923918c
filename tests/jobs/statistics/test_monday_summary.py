"""The Monday summary: last week's numbers, once to each owner, unless it is switched off or there is nothing."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramForbiddenError
from aiogram.methods import SendMessage

from core.clock import ManualClock
from core.jobs import Counts
from core.statistics import Count
from core.users import Visitor
from database.connection import Database
from database.operations import settings_ops, statistics_ops, user_ops
from schedulers import registry
from schedulers.jobs.statistics.monday_summary import MondaySummary
from schedulers.runner import Run
from views.catalogues import speaking_to_member

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
#: Monday 2 March 2026, 9:00 in Berlin, and the midnight before
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY)


class Owners:
    """The chats of two owners, of whom one has blocked the bot."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []
        self.more: list[int] = []
        self.languages: dict[int, tuple[str, ...]] = {}

    async def find(self) -> list[int]:
        return [501, 502, *self.more]

    def speaking_to(self, owner_id: int) -> AbstractAsyncContextManager[None]:
        return speaking_to_member(self, owner_id)

    async def languages_of(self, owner_id: int) -> tuple[str, ...]:
        return self.languages.get(owner_id, ())

    async def send_message(self, chat_id: int, text: str, **more: Any) -> None:
        if chat_id == 501:
            raise TelegramForbiddenError(SendMessage(chat_id=chat_id, text=text), "bot was blocked by the user")
        assert more["disable_notification"]
        self.sent.append((chat_id, text))


async def told(owners: Owners, at: datetime = MONDAY) -> Counts:
    summary = MondaySummary(cast(Bot, owners), owners.find, owners.speaking_to, BERLIN)
    return await summary(Run(ManualClock(at), "teller"))


async def count_week(db: Database) -> None:
    """Eight days: Monday to Sunday, and this Monday."""
    await user_ops.upsert_visitor(Visitor(user_id=1), MONDAY)
    for back in range(-1, 7):
        date = MIDNIGHT - (back + 1) * DAY
        counts = {Count.NEW_USERS: 2, Count.DELIVERED: 5, Count.TRIES: 10, Count.ACTIVE_7: 40}
        assert await statistics_ops.write_day(date, 1, MONDAY, counts if back >= 0 else {Count.NEW_USERS: 900})


@pytest.mark.parametrize("late", [timedelta(), 2 * DAY])
async def test_each_owner_reads_the_week_that_ended_with_sunday(db: Database, late: timedelta) -> None:
    await count_week(db)
    owners = Owners()
    assert await told(owners, MONDAY + late) == Counts({"sent": 1, "not_sent": 1})
    ((owner, text),) = owners.sent
    assert owner == 502
    assert text.splitlines()[:4] == [
        "<b>Last week</b>, against the week before",
        "Subscribers 1 (+14, 0 blocked)",
        # kept at Sunday's end, not by last visits
        "Active 40",
        "Tries 70 → joined 0 → unlocked 0 → delivered 35 (50 %)",
    ]


async def test_each_owner_reads_it_in_their_language(db: Database) -> None:
    await count_week(db)
    owners = Owners()
    owners.more, owners.languages = [503], {503: ("ru",)}
    await told(owners)
    assert [(owner, text.splitlines()[0]) for owner, text in owners.sent] == [
        (502, "<b>Last week</b>, against the week before"),
        (503, "<b>Прошлая неделя</b> в сравнении с неделей до неё"),
    ]


async def test_it_can_be_switched_off(db: Database) -> None:
    await count_week(db)
    await settings_ops.change("monday_summary", False)
    owners = Owners()
    assert await told(owners) == Counts({"switched_off": 1})
    assert owners.sent == []


async def test_a_new_house_is_told_nothing(db: Database) -> None:
    owners = Owners()
    assert await told(owners) == Counts({"nothing_counted": 1})
    assert owners.sent == []


def test_it_comes_on_mondays_at_nine_of_the_owners_zone() -> None:
    schedule = registry.plans(BERLIN)["monday_summary"].schedule
    assert schedule is not None
    assert schedule.next_tick(MONDAY - timedelta(seconds=1)) == MONDAY
    assert schedule.next_tick(MONDAY) == MONDAY + 7 * DAY
