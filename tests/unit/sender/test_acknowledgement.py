"""An update is confirmed to Telegram only when a kill -9 could no longer lose it."""

import asyncio
from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery, GetChatMember, GetUpdates, SendMessage
from aiogram.types import Update

from core.supervisor import Supervisor
from sender.acknowledgement import KNOWN_MAX, UpdateAcknowledger
from tests.recording import RecordingBot, recording_bot


class LaneQueue:
    """Telegram's side: what it was asked, and the updates it has."""

    def __init__(self, *batches: list[int]) -> None:
        self.batches = list(batches)
        self.asked: list[Any] = []

    async def __call__(self, bot: Any, method: Any) -> Any:
        self.asked.append(method)
        if not isinstance(method, GetUpdates):
            return True
        return [Update(update_id=number) for number in (self.batches.pop(0) if self.batches else [])]

    @property
    def polls(self) -> int:
        return sum(isinstance(method, GetUpdates) for method in self.asked)


@pytest.fixture
def bot() -> RecordingBot:
    return recording_bot()


async def poll(keeping: UpdateAcknowledger, line: LaneQueue, bot: RecordingBot) -> None:
    await keeping.on_call(line, bot, GetUpdates())


async def test_the_next_poll_waits_until_every_update_has_ended(bot: RecordingBot) -> None:
    keeping, line, tasks = UpdateAcknowledger(), LaneQueue([1, 2]), Supervisor()
    go_on = {1: asyncio.Event(), 2: asyncio.Event()}

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await go_on[event.update_id].wait()

    await poll(keeping, line, bot)
    for number in (1, 2):
        tasks.spawn(keeping.on_update(handler, Update(update_id=number), {}), "update")
    second = tasks.spawn(poll(keeping, line, bot), "poll")
    await asyncio.sleep(0)
    go_on[1].set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert line.polls == 1
    go_on[2].set()
    await second
    assert line.polls == 2
    assert keeping.newest == 2


async def test_an_update_is_safe_at_its_first_call_but_a_spinner_and_a_question_do_not_count(bot: RecordingBot) -> None:
    keeping, line, tasks = UpdateAcknowledger(), LaneQueue([1]), Supervisor()
    promised, never = asyncio.Event(), asyncio.Event()

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await keeping.on_call(line, bot, AnswerCallbackQuery(callback_query_id="1"))
        await keeping.on_call(line, bot, GetChatMember(chat_id=-1, user_id=1))
        await promised.wait()
        await keeping.on_call(line, bot, SendMessage(chat_id=1, text="x"))
        await never.wait()

    await poll(keeping, line, bot)
    tasks.spawn(keeping.on_update(handler, Update(update_id=1), {}), "update")
    second = tasks.spawn(poll(keeping, line, bot), "poll")
    for _ in range(5):
        await asyncio.sleep(0)
    assert line.polls == 1
    promised.set()
    await second
    assert line.polls == 2
    await tasks.close()


async def test_a_handler_that_is_stuck_holds_the_others_up_for_a_bounded_time(bot: RecordingBot) -> None:
    keeping, line = UpdateAcknowledger(wait_s=0.0), LaneQueue([1], [2])
    await poll(keeping, line, bot)
    await poll(keeping, line, bot)
    assert line.polls == 2


async def test_an_update_that_fails_is_not_asked_for_again(bot: RecordingBot) -> None:
    keeping, line = UpdateAcknowledger(), LaneQueue([1])

    async def handler(event: Any, data: dict[str, Any]) -> None:
        raise ValueError("broken on purpose")

    await poll(keeping, line, bot)
    with pytest.raises(ValueError, match="on purpose"):
        await keeping.on_update(handler, Update(update_id=1), {})
    await poll(keeping, line, bot)
    assert line.polls == 2


async def test_calls_outside_of_any_update_pass(bot: RecordingBot) -> None:
    keeping, line = UpdateAcknowledger(), LaneQueue()
    await keeping.on_call(line, bot, SendMessage(chat_id=1, text="x"))
    assert len(line.asked) == 1


async def test_the_newest_handled_update_is_confirmed_at_a_stop(bot: RecordingBot) -> None:
    keeping = UpdateAcknowledger()
    await keeping.confirm(bot)
    assert bot.calls == []

    async def handler(event: Any, data: dict[str, Any]) -> None:
        return None

    for number in (41, 43, 42):
        await keeping.on_update(handler, Update(update_id=number), {})
    await keeping.confirm(bot)
    (call,) = bot.calls
    assert isinstance(call, GetUpdates)
    assert (call.offset, call.limit, call.timeout) == (44, 1, 0)


async def test_an_update_that_comes_twice_is_handled_once(bot: RecordingBot) -> None:
    keeping, line, handled = UpdateAcknowledger(), LaneQueue([7], [7], [7]), []

    async def handler(event: Any, data: dict[str, Any]) -> None:
        handled.append(event.update_id)

    for _ in range(3):
        await poll(keeping, line, bot)
        await keeping.on_update(handler, Update(update_id=7), {})
    assert handled == [7]
    assert line.polls == 3, "what is safe already holds no poll up"


async def test_a_twin_that_comes_during_the_first_does_not_make_it_safe(bot: RecordingBot) -> None:
    keeping, line, tasks = UpdateAcknowledger(), LaneQueue([7], []), Supervisor()
    go_on = asyncio.Event()

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await go_on.wait()

    await poll(keeping, line, bot)
    tasks.spawn(keeping.on_update(handler, Update(update_id=7), {}), "update")
    await asyncio.sleep(0)
    await keeping.on_update(handler, Update(update_id=7), {})
    second = tasks.spawn(poll(keeping, line, bot), "poll")
    for _ in range(5):
        await asyncio.sleep(0)
    assert line.polls == 1
    go_on.set()
    await second
    await tasks.close()


async def test_only_the_latest_updates_are_remembered() -> None:
    keeping = UpdateAcknowledger()
    assert all(keeping.is_new(number) for number in range(KNOWN_MAX + 1))
    assert not keeping.is_new(KNOWN_MAX)
    assert keeping.is_new(0)
