"""The deleter's slots stay full: neither one person's many promises nor a chat that hangs holds up the others."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import DeleteMessages

from core.clock import ManualClock
from core.jobs import Counts
from database.connection import Database, close_database, open_database
from database.operations import deletion_ops
from monitoring.alerts import Alerts, Words
from schedulers.jobs import message_deleter
from schedulers.jobs.message_deleter import AT_ONCE, PER_CHAT, MessageDeleter
from schedulers.jobs.message_deletion import CALL_TIMEOUT_S
from schedulers.runner import Run
from sender.lanes import Lane, current_lane, is_urgent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BUSY = 7


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def db(clock: ManualClock) -> AsyncIterator[Database]:
    """In memory, also where the others use a server: the tests give turns until nothing goes on any more."""
    yield await open_database("memory://", "slots", clock=clock)
    await close_database()


class ScriptedBot(Bot):
    """Deletes at once, or waits in the chats of `held` until they are let go; notes what it was asked."""

    def __init__(self, *held: int) -> None:
        super().__init__("1002:scripted")
        self.held = {chat_id: asyncio.Event() for chat_id in held}
        self.chats: list[int] = []
        self.ids: list[list[int]] = []
        self.urgent: list[bool] = []
        self.timeouts: list[Any] = []
        self.most_at_once = 0
        self.most_in_a_chat = 0
        self._running: Counter[int] = Counter()

    async def delete_messages(self, chat_id: Any, message_ids: list[int], request_timeout: int | None = None) -> bool:
        assert current_lane() is Lane.DELETION
        self.chats.append(chat_id)
        self.ids.append(message_ids)
        self.urgent.append(is_urgent())
        self.timeouts.append(request_timeout)
        self._running[chat_id] += 1
        self.most_at_once = max(self.most_at_once, self._running.total())
        self.most_in_a_chat = max(self.most_in_a_chat, self._running[chat_id])
        await asyncio.sleep(0)
        if chat_id in self.held:
            await self.held[chat_id].wait()
        self._running[chat_id] -= 1
        return True

    async def edit_message_text(self, *_: Any, **options: Any) -> bool:
        self.timeouts.append(options.get("request_timeout"))
        return True

    async def send_message(self, *_: Any, **options: Any) -> Any:
        self.timeouts.append(options.get("request_timeout"))


async def promise(chat_id: int, number: int = 1, *, due_for: timedelta = MINUTE, age: timedelta = HOUR) -> str:
    return await deletion_ops.promise(1002, chat_id, chat_id, "code", NOW - age, NOW - due_for, [number])


async def send_nothing(_: Words) -> bool:
    return True


def start(bot: Bot, run: Run | None = None) -> asyncio.Task[Counts]:
    return asyncio.create_task(MessageDeleter(bot, Alerts(send_nothing))(run or Run(ManualClock(NOW), "run")))


async def until_idle(task: asyncio.Task[Counts], bot: ScriptedBot, turns: int = 3000) -> None:
    """Give turns until the run has ended or waits for a chat that is held."""
    seen, quiet = len(bot.chats), 0
    for _ in range(turns):
        await asyncio.sleep(0)
        quiet = quiet + 1 if len(bot.chats) == seen else 0
        seen = len(bot.chats)
        if task.done() or quiet > 300:
            return


async def left() -> int:
    return await deletion_ops.count_overdue(NOW)


async def test_a_chat_that_hangs_holds_up_only_its_own_promises(db: Database) -> None:
    for number in range(3):
        await promise(BUSY, number + 1, due_for=HOUR)
    for chat_id in range(100, 350):
        await promise(chat_id)
    bot = ScriptedBot(BUSY)
    task = start(bot)
    await until_idle(task, bot)
    assert not task.done()
    assert set(bot.chats) == {BUSY, *range(100, 350)}
    bot.held[BUSY].set()
    assert await task == Counts({"deleted": 253})
    assert (await left(), bot.most_in_a_chat) == (0, 1)


async def test_one_who_owns_the_hundred_oldest_does_not_make_others_wait(db: Database) -> None:
    for number in range(150):
        await promise(BUSY, number + 1, due_for=HOUR)
    for chat_id in range(100, 200):
        await promise(chat_id)
    bot = ScriptedBot()
    assert await start(bot) == Counts({"deleted": 250})
    assert bot.most_in_a_chat == 1
    others = [place for place, chat_id in enumerate(bot.chats) if chat_id != BUSY]
    assert others[-1] < 100 + 3 * PER_CHAT, "everybody else's are deleted while a few of theirs are"


async def test_as_many_chats_as_there_are_slots_are_under_way(db: Database) -> None:
    for chat_id in range(100, 140):
        await promise(chat_id)
    bot = ScriptedBot(*range(100, 100 + AT_ONCE - 1))
    task = start(bot)
    await until_idle(task, bot)
    assert len(set(bot.chats)) == 40, "the one free slot works off the rest"
    assert bot.most_at_once == AT_ONCE
    for event in bot.held.values():
        event.set()
    assert await task == Counts({"deleted": 40})


async def test_an_urgent_promise_goes_first_and_with_priority(db: Database) -> None:
    for chat_id in range(100, 250):
        await promise(chat_id, due_for=2 * HOUR)
    await promise(BUSY, age=timedelta(hours=42, seconds=1))
    await promise(8, age=timedelta(hours=42))
    bot = ScriptedBot()
    assert await start(bot) == Counts({"deleted": 152})
    assert bot.chats[0] == BUSY
    assert bot.urgent == [True] + [False] * 151


async def test_a_promise_of_unknown_age_is_urgent_at_once_and_not_given_up_for_its_age(db: Database) -> None:
    for chat_id, due_for in ((4, timedelta(hours=47)), (5, MINUTE)):
        row = {"user_id": chat_id, "chat_id": chat_id, "message_ids": [9], "delete_at": NOW - due_for}
        await db.collection("pending_deletions").insert_one(row)
    await promise(6)
    bot = ScriptedBot()
    assert await start(bot) == Counts({"deleted": 3})
    assert (bot.chats, bot.urgent) == ([4, 5, 6], [True, True, False])


async def test_a_call_gets_ten_seconds_not_sixty(db: Database) -> None:
    await promise(5)
    bot = ScriptedBot()
    await start(bot)
    assert bot.timeouts == [CALL_TIMEOUT_S, CALL_TIMEOUT_S] == [10, 10]


async def test_a_timed_out_deletion_is_tried_again_later(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def time_out(self: Bot, chat_id: int, message_ids: Sequence[int], **_: Any) -> bool:
        method = DeleteMessages(chat_id=chat_id, message_ids=list(message_ids))
        raise TelegramNetworkError(method=method, message="request timeout error") from TimeoutError()

    await promise(5)
    with monkeypatch.context() as patch:
        patch.setattr(ScriptedBot, "delete_messages", time_out)
        assert await start(ScriptedBot()) == Counts({"retry": 1})
    assert await start(ScriptedBot(), Run(ManualClock(NOW + MINUTE), "later")) == Counts({"deleted": 1})


async def test_a_stop_starts_nothing_and_releases_what_is_claimed(db: Database) -> None:
    for chat_id in range(100, 160):
        await promise(chat_id)
    bot, run = ScriptedBot(*range(100, 160)), Run(ManualClock(NOW), "run")
    task = start(bot, run)
    await until_idle(task, bot)
    run.stopping.set()
    for event in bot.held.values():
        event.set()
    assert await task == Counts({"deleted": AT_ONCE}, more=True)
    assert len(bot.chats) == AT_ONCE
    assert len(await deletion_ops.claim_due(NOW, "another", HOUR, 100)) == 60 - AT_ONCE


async def test_a_run_ends_at_its_limit_and_says_that_more_remains(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_deleter, "RUN_MAX", 25)
    for chat_id in range(100, 130):
        await promise(chat_id)
    assert await start(ScriptedBot()) == Counts({"deleted": 25}, more=True)
    assert await left() == 5


async def test_an_error_ends_the_run_after_what_is_under_way(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for chat_id in range(100, 160):
        await promise(chat_id)
    bot = ScriptedBot(101)
    delete = bot.delete_messages

    async def fail(chat_id: Any, message_ids: list[int], **options: Any) -> bool:
        if chat_id == 130:
            raise KeyError("a bug")
        return await delete(chat_id, message_ids, **options)

    monkeypatch.setattr(bot, "delete_messages", fail)
    task = start(bot)
    await until_idle(task, bot)
    assert not task.done()
    bot.held[101].set()
    with pytest.raises(KeyError):
        await task
    assert await left() == 60 - len(bot.chats)
    assert len(bot.chats) < 45, "the others end what they are doing, and no more"


async def test_a_run_cut_off_by_its_time_limit_removes_what_it_has_deleted(db: Database) -> None:
    for chat_id in range(100, 120):
        await promise(chat_id)
    bot = ScriptedBot(100)
    task = start(bot)
    await until_idle(task, bot)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left() == 1


async def test_what_was_deleted_is_removed_before_its_claim_runs_out(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a slow pace a hundred promises take longer than a claim lasts."""
    for chat_id in range(100, 200):
        await promise(chat_id)

    async def take_ten_seconds(self: ScriptedBot, chat_id: int, message_ids: list[int], **_: Any) -> bool:
        self.chats.append(chat_id)
        clock.move(timedelta(seconds=10))
        return True

    monkeypatch.setattr(ScriptedBot, "delete_messages", take_ten_seconds)
    bot = ScriptedBot()
    assert await start(bot, Run(clock, "run")) == Counts({"deleted": 100})
    assert sorted(bot.chats) == list(range(100, 200)), "none is deleted twice"


async def test_a_hundred_chats_cost_few_commands(db: Database) -> None:
    for chat_id in range(100, 200):
        await promise(chat_id)
    db.calls.clear()
    await start(ScriptedBot())
    finds = db.calls["find pending_deletions"]
    assert finds <= 6 + AT_ONCE
    assert db.calls["update_many pending_deletions"] == 1
    assert db.calls["delete_many pending_deletions"] == 1


async def test_one_chat_holds_few_claims(db: Database) -> None:
    for number in range(50):
        await promise(BUSY, number + 1)
    bot = ScriptedBot(BUSY)
    task = start(bot)
    await until_idle(task, bot)
    assert await db.collection("pending_deletions").count({"claimed_by": "run"}) == PER_CHAT
    bot.held[BUSY].set()
    assert await task == Counts({"deleted": 50})


async def test_a_promise_whose_claim_ran_out_while_it_waited_is_not_started(db: Database, clock: ManualClock) -> None:
    for number in range(3):
        await promise(BUSY, number + 1)
    bot = ScriptedBot(BUSY)
    task = start(bot, Run(clock, "run"))
    await until_idle(task, bot)
    clock.move(message_deleter.CLAIM_FOR)
    theirs = await deletion_ops.claim_due(clock.now(), "another", HOUR, 100)
    assert len(theirs) == 3
    bot.held[BUSY].set()
    await task
    assert len(bot.chats) == 1
