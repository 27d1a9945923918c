"""An update is confirmed to Telegram only when a kill -9 can no longer lose it."""

import asyncio
from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery, GetChatMember, GetUpdates, SendMessage
from aiogram.types import Update

from core.supervisor import Supervisor
from sender.acknowledgement import RECENT_MAX, UpdateAcknowledger
from tests.recording import RecordingBot, recording_bot


class FakeTelegram:
    """Telegram's side: records the calls and returns batches of updates."""

    def __init__(self, *batches: list[int]) -> None:
        self.batches = list(batches)
        self.calls: list[Any] = []

    async def __call__(self, bot: Any, method: Any) -> Any:
        self.calls.append(method)
        if not isinstance(method, GetUpdates):
            return True
        return [Update(update_id=number) for number in (self.batches.pop(0) if self.batches else [])]

    @property
    def polls(self) -> int:
        return sum(isinstance(method, GetUpdates) for method in self.calls)


@pytest.fixture
def bot() -> RecordingBot:
    return recording_bot()


async def poll(acknowledger: UpdateAcknowledger, telegram: FakeTelegram, bot: RecordingBot) -> None:
    await acknowledger.on_call(telegram, bot, GetUpdates())


async def test_the_next_poll_waits_until_every_update_has_ended(bot: RecordingBot) -> None:
    acknowledger, telegram, tasks = UpdateAcknowledger(), FakeTelegram([1, 2]), Supervisor()
    go_on = {1: asyncio.Event(), 2: asyncio.Event()}

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await go_on[event.update_id].wait()

    await poll(acknowledger, telegram, bot)
    for number in (1, 2):
        tasks.spawn(acknowledger.on_update(handler, Update(update_id=number), {}), "update")
    second = tasks.spawn(poll(acknowledger, telegram, bot), "poll")
    await asyncio.sleep(0)
    go_on[1].set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert telegram.polls == 1
    go_on[2].set()
    await second
    assert telegram.polls == 2
    assert acknowledger.newest == 2


async def test_the_first_call_acknowledges_an_update_unless_it_answers_a_button_or_asks_for_a_member(
    bot: RecordingBot,
) -> None:
    acknowledger, telegram, tasks = UpdateAcknowledger(), FakeTelegram([1]), Supervisor()
    go_on, never = asyncio.Event(), asyncio.Event()

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await acknowledger.on_call(telegram, bot, AnswerCallbackQuery(callback_query_id="1"))
        await acknowledger.on_call(telegram, bot, GetChatMember(chat_id=-1, user_id=1))
        await go_on.wait()
        await acknowledger.on_call(telegram, bot, SendMessage(chat_id=1, text="x"))
        await never.wait()

    await poll(acknowledger, telegram, bot)
    tasks.spawn(acknowledger.on_update(handler, Update(update_id=1), {}), "update")
    second = tasks.spawn(poll(acknowledger, telegram, bot), "poll")
    for _ in range(5):
        await asyncio.sleep(0)
    assert telegram.polls == 1
    go_on.set()
    await second
    assert telegram.polls == 2
    await tasks.close()


async def test_a_handler_that_hangs_delays_the_next_poll_for_a_bounded_time(bot: RecordingBot) -> None:
    acknowledger, telegram = UpdateAcknowledger(wait_s=0.0), FakeTelegram([1], [2])
    await poll(acknowledger, telegram, bot)
    await poll(acknowledger, telegram, bot)
    assert telegram.polls == 2


async def test_an_update_whose_handler_fails_is_confirmed(bot: RecordingBot) -> None:
    acknowledger, telegram = UpdateAcknowledger(), FakeTelegram([1])

    async def handler(event: Any, data: dict[str, Any]) -> None:
        raise ValueError("broken on purpose")

    await poll(acknowledger, telegram, bot)
    with pytest.raises(ValueError, match="on purpose"):
        await acknowledger.on_update(handler, Update(update_id=1), {})
    await poll(acknowledger, telegram, bot)
    assert telegram.polls == 2


async def test_calls_outside_of_any_handler_pass(bot: RecordingBot) -> None:
    acknowledger, telegram = UpdateAcknowledger(), FakeTelegram()
    await acknowledger.on_call(telegram, bot, SendMessage(chat_id=1, text="x"))
    assert len(telegram.calls) == 1


async def test_the_newest_handled_update_is_confirmed_at_a_stop(bot: RecordingBot) -> None:
    acknowledger = UpdateAcknowledger()
    await acknowledger.confirm(bot)
    assert bot.calls == []

    async def handler(event: Any, data: dict[str, Any]) -> None:
        return None

    for number in (41, 43, 42):
        await acknowledger.on_update(handler, Update(update_id=number), {})
    await acknowledger.confirm(bot)
    (call,) = bot.calls
    assert isinstance(call, GetUpdates)
    assert (call.offset, call.limit, call.timeout) == (44, 1, 0)


async def test_an_update_received_again_is_handled_once(bot: RecordingBot) -> None:
    acknowledger, telegram, handled = UpdateAcknowledger(), FakeTelegram([7], [7], [7]), []

    async def handler(event: Any, data: dict[str, Any]) -> None:
        handled.append(event.update_id)

    for _ in range(3):
        await poll(acknowledger, telegram, bot)
        await acknowledger.on_update(handler, Update(update_id=7), {})
    assert handled == [7]
    assert telegram.polls == 3, "an acknowledged update delays no poll"


async def test_a_duplicate_received_during_handling_does_not_acknowledge_the_update(bot: RecordingBot) -> None:
    acknowledger, telegram, tasks = UpdateAcknowledger(), FakeTelegram([7], []), Supervisor()
    go_on = asyncio.Event()

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await go_on.wait()

    await poll(acknowledger, telegram, bot)
    tasks.spawn(acknowledger.on_update(handler, Update(update_id=7), {}), "update")
    await asyncio.sleep(0)
    await acknowledger.on_update(handler, Update(update_id=7), {})
    second = tasks.spawn(poll(acknowledger, telegram, bot), "poll")
    for _ in range(5):
        await asyncio.sleep(0)
    assert telegram.polls == 1
    go_on.set()
    await second
    await tasks.close()


async def test_only_the_most_recent_updates_are_remembered() -> None:
    acknowledger = UpdateAcknowledger()
    assert all(acknowledger.first_time(number) for number in range(RECENT_MAX + 1))
    assert not acknowledger.first_time(RECENT_MAX)
    assert acknowledger.first_time(0)
