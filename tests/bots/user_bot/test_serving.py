"""What runs around the polling of the user bot: jobs start before it and stop behind it; nothing delays it."""

import asyncio
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot, Dispatcher
from aiogram.methods import GetUpdates, SendMessage, SetMyCommands

import user_bot.main
from core.delivery_states import LEASE_FOR
from core.jobs import Counts, JobPlan
from core.schedules import every_minute
from database.connection import close_database, open_database
from database.operations import delivery_ops
from database.operations.delivery_ops import NewDelivery
from database.team import Team
from monitoring.alerts import Alerts, Words
from schedulers.context import JobContext
from schedulers.job_scheduler import JobScheduler
from schedulers.runner import Run, Runner
from tests.clocks import SteeredClock, never
from tests.house import everyone_has_ended
from tests.recording import HangingSession, RecordingBot, recording_bot
from tests.served import long_polling
from tests.unlocking import no_shorteners
from user_bot.delivery.counting import EventCounts
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.lapses import Lapses
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.recovery import Recovery
from user_bot.gifts import Gifts
from user_bot.main import UserBot, serve
from views.catalogues import Catalogues

ZONE = ZoneInfo("UTC")


class Broken(Exception):
    """Polling ended by a mistake of the program."""


class RecordingDispatcher(Dispatcher):
    """Polls nothing: notes that polling began, then ends it as told."""

    def __init__(self, events: list[str], ends_by: Exception | None) -> None:
        super().__init__(disable_fsm=True)
        self._events, self._ends_by = events, ends_by

    async def start_polling(self, *bots: object, **options: object) -> None:
        self._events.append("poll")
        assert "requested runs" in running_tasks()
        if self._ends_by is not None:
            raise self._ends_by


class RecordingScheduler(JobScheduler):
    """A scheduler of a job that does nothing; notes when it is started and stopped."""

    def __init__(self, name: str, context: JobContext, events: list[str]) -> None:
        plan = JobPlan(name, "does nothing", "Nothing changes.", every_minute(ZONE))
        super().__init__(plan, Runner(name, _nothing, context.clock), context)
        self._events = events

    def start(self) -> None:
        self._events.append(f"start {self.name}")
        super().start()

    def stop(self) -> None:
        self._events.append(f"stop {self.name}")
        super().stop()

    async def ended(self, wait_s: float = 10.0) -> None:
        self._events.append(f"ended {self.name}")
        await super().ended(wait_s)


async def _nothing(run: Run) -> Counts:
    return Counts()


def running_tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


@pytest.fixture
async def context(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JobContext]:
    """The jobs' surroundings over an empty store in memory; whoever waits by its clock waits for ever."""
    # a job that is not told to stop would be waited for this long, and the test's own patience is shorter
    monkeypatch.setattr(user_bot.main, "JOBS_END_S", 60.0)
    clock = SteeredClock(never)
    await open_database("memory://", "test", clock=clock)
    yield JobContext(clock=clock)
    await close_database()


async def nobody(words: Words) -> bool:
    return True


def user_bot_of(bot: Bot, dispatcher: Dispatcher, context: JobContext) -> UserBot:
    ownership = Ownership(context.clock)
    lapses = Lapses(bot.id, context.clock, ownership, everyone_has_ended)
    recovery = Recovery(bot, context.clock, ZONE, lapses, Interruptions(bot, context.clock, ownership))
    shorteners = no_shorteners(context.clock, Alerts(nobody, clock=context.clock))
    updates = long_polling(bot, dispatcher)
    counts = EventCounts(context.clock, ZONE)
    catalogues = Catalogues()
    gifts = Gifts(bot, Team((), lambda: None, context.clock), context.clock, ZONE)
    return UserBot(bot, dispatcher, updates, context, shorteners, ownership, recovery, counts, gifts, catalogues)


@pytest.mark.parametrize("ends_by", [None, Broken()], ids=["returns", "raises"])
async def test_all_jobs_stop_behind_polling(context: JobContext, ends_by: Exception | None) -> None:
    events: list[str] = []
    bot = recording_bot()
    users = user_bot_of(bot, RecordingDispatcher(events, ends_by), context)
    before = running_tasks()
    try:
        async with asyncio.timeout(20):
            await serve(users, [RecordingScheduler(name, context, events) for name in ("one", "two")])
    except Broken as error:
        assert error is ends_by
    else:
        assert ends_by is None
    assert events == ["start one", "start two", "poll", "stop one", "stop two", "ended one", "ended two"]
    assert running_tasks() == before


async def test_polling_begins_while_the_menu_and_the_first_notice_of_the_recovery_hang(context: JobContext) -> None:
    session = HangingSession({SetMyCommands, SendMessage, GetUpdates})
    bot = RecordingBot("1002:sandbox-user", session=session)
    before = context.clock.now() - 2 * LEASE_FOR
    await delivery_ops.start(NewDelivery(bot.id, 7, "post0123456789ab", "message 1", "a dead process", before, None))
    users = user_bot_of(bot, Dispatcher(disable_fsm=True), context)
    tasks = running_tasks()
    serving = asyncio.ensure_future(serve(users, ()))
    async with asyncio.timeout(20):
        await session.all_came.wait()
        await users.dispatcher.stop_polling()
        await serving
    assert running_tasks() <= tasks | {serving.get_name()}
