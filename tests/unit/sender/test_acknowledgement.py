"""An update is confirmed to Telegram only when a kill -9 can no longer lose it; a stop confirms what is finished."""

import asyncio
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.methods import AnswerCallbackQuery, GetChatMember, GetUpdates, SendMessage, TelegramMethod
from aiogram.types import Update
from structlog.testing import capture_logs

from core.supervisor import Supervisor
from sender.updates.places import Places
from sender.updates.polling import NOTICE_WAIT_S, RECENT_MAX, WAIT_S, UpdateAcknowledger
from sender.updates.unconfirmed import ANSWER_MAX, KEPT_MAX
from tests.recording import RecordingBot, recording_bot


class FakeTelegram:
    """Telegram's queue of one bot, as BOTAPI §2.2 says: an offset deletes, a limit cuts; and what is called."""

    def __init__(self, *update_ids: int) -> None:
        self.queue = list(update_ids)
        self.calls: list[Any] = []

    async def __call__(self, bot: Any, method: Any) -> Any:
        self.calls.append(method)
        if not isinstance(method, GetUpdates):
            return True
        assert method.limit is not None
        if method.offset is not None and method.offset <= max(self.queue, default=0) + 11:
            self.queue = [number for number in self.queue if number >= method.offset]
        return [Update(update_id=number) for number in self.queue[: method.limit]]

    @property
    def polls(self) -> list[tuple[int | None, int | None]]:
        return [(method.offset, method.limit) for method in self.calls if isinstance(method, GetUpdates)]


@pytest.fixture
def bot() -> RecordingBot:
    return recording_bot()


class Time:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


def impatient(limit: int = 64, now: Time | None = None) -> UpdateAcknowledger:
    """An acknowledger whose polls wait for nothing that takes time."""
    return UpdateAcknowledger(Places(limit), together_s=0.0, gather_s=0.0, now=now or Time())


async def poll(acknowledger: UpdateAcknowledger, telegram: FakeTelegram, bot: RecordingBot) -> list[int]:
    found: Any = await acknowledger.on_call(telegram, bot, GetUpdates())
    return [update.update_id for update in found]


async def handle(acknowledger: UpdateAcknowledger, *update_ids: int) -> None:
    """Have handlers begin and end with these updates."""

    async def handler(event: Any, data: dict[str, Any]) -> None:
        return None

    for number in update_ids:
        await acknowledger.on_update(handler, Update(update_id=number), {})


async def endless(event: Any, data: dict[str, Any]) -> None:
    await asyncio.Event().wait()


async def soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_next_poll_waits_until_every_update_has_ended_and_confirms_them(bot: RecordingBot) -> None:
    acknowledger, telegram, tasks = UpdateAcknowledger(Places()), FakeTelegram(1, 2), Supervisor()
    go_on = {1: asyncio.Event(), 2: asyncio.Event()}

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await go_on[event.update_id].wait()

    await poll(acknowledger, telegram, bot)
    for number in (1, 2):
        tasks.spawn(acknowledger.on_update(handler, Update(update_id=number), {}), "update")
    second = tasks.spawn(poll(acknowledger, telegram, bot), "poll")
    await soon()
    go_on[1].set()
    await soon()
    assert len(telegram.polls) == 1
    go_on[2].set()
    await second
    assert telegram.polls == [(None, 64), (3, 64)]


async def test_the_first_call_acknowledges_an_update_unless_it_answers_a_button_or_asks_for_a_member(
    bot: RecordingBot,
) -> None:
    acknowledger, telegram, tasks = impatient(), FakeTelegram(1), Supervisor()
    go_on, never = asyncio.Event(), asyncio.Event()

    async def handler(event: Any, data: dict[str, Any]) -> None:
        await acknowledger.on_call(telegram, bot, AnswerCallbackQuery(callback_query_id="1"))
        await acknowledger.on_call(telegram, bot, GetChatMember(chat_id=-1, user_id=1))
        await go_on.wait()
        await acknowledger.on_call(telegram, bot, SendMessage(chat_id=1, text="x"))
        await never.wait()

    await poll(acknowledger, telegram, bot)
    tasks.spawn(acknowledger.on_update(handler, Update(update_id=1), {}), "update")
    await soon()
    assert acknowledger.unconfirmed.offset() == 1
    go_on.set()
    await soon()
    assert acknowledger.unconfirmed.offset() == 2
    await tasks.close()


async def test_the_offset_stays_at_an_update_that_is_not_acknowledged_and_new_ones_arrive_once(
    bot: RecordingBot,
) -> None:
    acknowledger, telegram, tasks = impatient(), FakeTelegram(1, 2, 3), Supervisor()
    assert await poll(acknowledger, telegram, bot) == [1, 2, 3]
    hanging = tasks.spawn(acknowledger.on_update(endless, Update(update_id=2), {}), "update")
    await handle(acknowledger, 1, 3)
    telegram.queue.append(4)
    assert await poll(acknowledger, telegram, bot) == [4]
    await handle(acknowledger, 4)
    assert await poll(acknowledger, telegram, bot) == []
    # one place is taken; two, then three received ones come again
    assert telegram.polls == [(None, 64), (2, 65), (2, 66)]
    assert telegram.queue == [2, 3, 4]
    hanging.cancel()


async def test_a_handler_that_hangs_lets_all_other_updates_through(bot: RecordingBot) -> None:
    time = Time()
    acknowledger, telegram, tasks = impatient(now=time), FakeTelegram(*range(1, 301)), Supervisor()
    first = await poll(acknowledger, telegram, bot)
    tasks.spawn(acknowledger.on_update(endless, Update(update_id=1), {}), "update")
    await soon()
    await handle(acknowledger, *first[1:])
    came = [*first]
    time.at_s = WAIT_S
    with capture_logs() as logs:
        while new := await poll(acknowledger, telegram, bot):
            came += new
            await handle(acknowledger, *new)
    assert came == list(range(1, 301))
    assert [(entry["event"], entry["update_id"]) for entry in logs] == [("update.confirmed_unacknowledged", 1)]
    await tasks.close()


@pytest.mark.parametrize(("kept", "is_given_up"), [(KEPT_MAX, False), (KEPT_MAX + 1, True)])
async def test_an_unacknowledged_update_is_confirmed_only_when_new_ones_hardly_fit_into_an_answer(
    bot: RecordingBot, kept: int, is_given_up: bool
) -> None:
    time = Time()
    acknowledger, telegram = impatient(limit=ANSWER_MAX, now=time), FakeTelegram(*range(1, kept + 1))
    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, *range(2, kept + 1))
    time.at_s = WAIT_S * 100
    await poll(acknowledger, telegram, bot)
    assert telegram.polls[-1][0] == (kept + 1 if is_given_up else 1)


@pytest.mark.parametrize(
    ("is_notifying", "waits_s"), [(False, WAIT_S), (True, WAIT_S + NOTICE_WAIT_S)], ids=["handler", "notice"]
)
async def test_an_update_is_not_given_up_before_its_time(bot: RecordingBot, is_notifying: bool, waits_s: float) -> None:
    time, tasks = Time(), Supervisor()
    acknowledger, telegram = impatient(limit=ANSWER_MAX, now=time), FakeTelegram(*range(1, 101))
    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, *range(2, 101))
    if is_notifying:
        tasks.spawn(acknowledger.notify(1, asyncio.Event().wait()), "notice")
    time.at_s = waits_s - 3
    waiting = tasks.spawn(poll(acknowledger, telegram, bot), "poll")
    await soon()
    assert len(telegram.polls) == 1
    waiting.cancel()
    await soon()
    time.at_s = waits_s
    await poll(acknowledger, telegram, bot)
    assert telegram.polls[-1][0] == 101
    await tasks.close()


async def test_with_64_places_taken_the_65th_update_stays_with_telegram(bot: RecordingBot) -> None:
    acknowledger, telegram, tasks = impatient(), FakeTelegram(*range(1, 66)), Supervisor()
    assert not acknowledger.is_full
    assert len(await poll(acknowledger, telegram, bot)) == 64
    assert acknowledger.is_full
    waiting = tasks.spawn(poll(acknowledger, telegram, bot), "poll")
    await soon()
    assert len(telegram.polls) == 1
    await handle(acknowledger, 1)
    assert await waiting == [65]
    assert telegram.polls[-1] == (2, 64)
    assert acknowledger.is_full


async def test_more_new_updates_than_were_asked_for_stay_with_telegram(bot: RecordingBot) -> None:
    acknowledger, telegram = impatient(limit=4), FakeTelegram(1, 2, 3, 4)
    assert await poll(acknowledger, telegram, bot) == [1, 2, 3, 4]
    await handle(acknowledger, 2, 3, 4)
    # two that were to come again have expired: 5 to 9 would all fit into the answer, three have places
    telegram.queue = [1, 4, 5, 6, 7, 8, 9]
    assert await poll(acknowledger, telegram, bot) == [5, 6, 7]
    await handle(acknowledger, 1, 5, 6, 7)
    assert await poll(acknowledger, telegram, bot) == [8, 9]


async def test_places_are_gathered_before_a_poll_in_a_rush(bot: RecordingBot) -> None:
    acknowledger = UpdateAcknowledger(Places(), together_s=0.0, gather_s=60.0)
    telegram, tasks = FakeTelegram(*range(1, 200)), Supervisor()
    await poll(acknowledger, telegram, bot)
    second = tasks.spawn(poll(acknowledger, telegram, bot), "poll")
    await handle(acknowledger, *range(1, 16))
    await soon()
    assert len(telegram.polls) == 1
    await handle(acknowledger, 16)
    assert len(await second) == 16


async def test_an_update_whose_handler_fails_is_confirmed(bot: RecordingBot) -> None:
    acknowledger, telegram = impatient(), FakeTelegram(1)

    async def handler(event: Any, data: dict[str, Any]) -> None:
        raise ValueError("broken on purpose")

    await poll(acknowledger, telegram, bot)
    with pytest.raises(ValueError, match="on purpose"):
        await acknowledger.on_update(handler, Update(update_id=1), {})
    await poll(acknowledger, telegram, bot)
    assert telegram.queue == []


async def test_calls_outside_of_any_handler_pass(bot: RecordingBot) -> None:
    acknowledger, telegram = impatient(), FakeTelegram()
    await acknowledger.on_call(telegram, bot, SendMessage(chat_id=1, text="x"))
    assert len(telegram.calls) == 1


async def stopped(acknowledger: UpdateAcknowledger, telegram: FakeTelegram, bot: RecordingBot) -> list[int]:
    """Confirm as a stop does; return what Telegram still has."""
    await acknowledger.confirm(bot)
    for call in bot.calls:
        assert isinstance(call, GetUpdates)
        assert (call.limit, call.timeout) == (1, 0)
        await telegram(bot, call)
    return telegram.queue


async def test_a_stop_confirms_nothing_when_nothing_came(bot: RecordingBot) -> None:
    await impatient().confirm(bot)
    assert bot.calls == []


async def test_a_stop_outlives_a_refused_confirmation_without_a_description(
    bot: RecordingBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledger, telegram = impatient(), FakeTelegram(41)
    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, 41)
    session, asked = AiohttpSession(), list[str]()

    async def refuse(bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        asked.append(method.__api_method__)
        return session.check_response(bot, method, 502, '{"ok": false, "error_code": 502}')

    monkeypatch.setattr(bot.session, "make_request", refuse)
    await acknowledger.confirm(bot)
    assert set(asked) == {"getUpdates"}


async def test_a_stop_confirms_all_finished_updates_in_whatever_order_they_ended(bot: RecordingBot) -> None:
    acknowledger, telegram = impatient(), FakeTelegram(41, 42, 43)
    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, 41, 43, 42)
    assert await stopped(acknowledger, telegram, bot) == []


@pytest.mark.parametrize("makes_a_call", [False, True], ids=["before its first call", "during its first call"])
async def test_a_stop_leaves_an_update_whose_handler_was_cancelled_and_those_behind_it_to_the_next_process(
    bot: RecordingBot, makes_a_call: bool
) -> None:
    acknowledger, telegram, tasks = impatient(), FakeTelegram(1, 2, 3), Supervisor()

    async def hangs(*_: Any) -> None:
        await asyncio.Event().wait()

    async def handler(event: Any, data: dict[str, Any]) -> Any:
        return await acknowledger.on_call(hangs if makes_a_call else telegram, bot, SendMessage(chat_id=1, text="x"))

    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, 1, 3)
    tasks.spawn(acknowledger.on_update(handler if makes_a_call else endless, Update(update_id=2), {}), "update")
    await soon()
    assert acknowledger.unconfirmed.offset() == (4 if makes_a_call else 2)
    await tasks.close()  # cancels it, as `drain` does
    assert await stopped(acknowledger, telegram, bot) == [2, 3]


async def test_an_update_that_no_handler_has_begun_with_is_left_to_the_next_process(bot: RecordingBot) -> None:
    acknowledger, telegram = impatient(), FakeTelegram(1, 2)
    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, 1)
    assert await stopped(acknowledger, telegram, bot) == [2]


async def test_an_update_received_again_is_handled_once(bot: RecordingBot) -> None:
    acknowledger, telegram = impatient(), FakeTelegram(7)
    assert await poll(acknowledger, telegram, bot) == [7]
    await handle(acknowledger, 7)
    for _ in range(2):
        telegram.queue = [7]
        telegram.calls.clear()
        found = await acknowledger.fetch(lambda offset, limit: telegram(bot, GetUpdates(limit=limit)))
        assert found == []


async def test_a_second_delivery_by_webhook_during_handling_neither_handles_nor_acknowledges_the_update() -> None:
    acknowledger, tasks, begun = impatient(), Supervisor(), []

    async def handler(event: Any, data: dict[str, Any]) -> None:
        begun.append(event.update_id)
        await asyncio.Event().wait()

    tasks.spawn(acknowledger.on_update(handler, Update(update_id=7), {}), "update")
    await soon()
    await acknowledger.on_update(handler, Update(update_id=7), {})
    assert begun == [7]
    assert acknowledger.places.free == 63
    await tasks.close()
    assert acknowledger.places.free == 64


@pytest.mark.parametrize("finished", [(900, 901), (901,)], ids=["all finished", "one unfinished"])
async def test_a_new_numbering_of_telegram_is_followed(bot: RecordingBot, finished: tuple[int, ...]) -> None:
    acknowledger, telegram = impatient(), FakeTelegram(900, 901)
    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, *finished)
    telegram.queue = [20, 21]  # an offset far ahead is taken for the head of the queue
    assert await poll(acknowledger, telegram, bot) == [20, 21]
    await handle(acknowledger, 20, 21)
    telegram.queue.append(22)
    assert await poll(acknowledger, telegram, bot) == [22]
    assert telegram.queue == [22]


async def test_a_new_numbering_with_ids_this_process_has_handled_is_no_repeat(bot: RecordingBot) -> None:
    now = Time()
    acknowledger, telegram = impatient(now=now), FakeTelegram(20, 21)
    await poll(acknowledger, telegram, bot)
    await handle(acknowledger, 20, 21)
    assert await poll(acknowledger, telegram, bot) == []
    telegram.queue = [20, 21]
    now.at_s = 8 * 86400.0  # Telegram numbers anew after a week
    assert await poll(acknowledger, telegram, bot) == [20, 21]
    await handle(acknowledger, 20, 21)
    telegram.queue.append(22)
    assert await poll(acknowledger, telegram, bot) == [22]


async def test_only_the_most_recent_updates_are_remembered() -> None:
    acknowledger = impatient()
    assert all(acknowledger.first_time(number) for number in range(RECENT_MAX + 1))
    assert not acknowledger.first_time(RECENT_MAX)
    assert acknowledger.first_time(0)
