"""The intake alone: held through an outage, told once, drained at a stop, errors answered with a sentence."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, Chat, ErrorEvent, Message, Update, User

from core.clock import ManualClock
from core.errors import BadInput, StoreUnavailable
from core.supervisor import Supervisor
from sender import intake
from sender.acknowledgement import UpdateAcknowledger
from sender.intake import AnswerErrors, PerUserConcurrencyLimit, RetryOnDatabaseOutage, drain
from tests.recording import RecordingBot, RecordingMiddleware, recording_bot
from views import common_texts


def private(text: str, user_id: int = 7, update_id: int = 1) -> Update:
    person = User(id=user_id, is_bot=False, first_name="Ann")
    chat = Chat(id=user_id, type="private")
    message = Message.model_validate(
        {"message_id": update_id, "date": 1_700_000_000, "chat": chat, "from": person, "text": text}
    )
    return Update(update_id=update_id, message=message)


def pressed(user_id: int = 7) -> Update:
    person = User(id=user_id, is_bot=False, first_name="Ann")
    query = CallbackQuery.model_validate({"id": "9", "from": person, "chat_instance": "1", "data": "x"})
    return Update(update_id=5, callback_query=query)


@pytest.fixture
def bot() -> RecordingBot:
    return recording_bot()


class Store:
    """A database that is away for so many probes and calls."""

    def __init__(self, probes: int, calls: int = 1) -> None:
        self.probes = probes
        self.calls = calls
        self.handled: list[int] = []
        self.probed = 0

    async def probe(self) -> None:
        self.probed += 1
        if self.probed <= self.probes:
            raise StoreUnavailable("away")

    async def handler(self, event: Any, data: dict[str, Any]) -> str:
        if self.probed <= self.probes or self.calls > len(self.handled) + self.probed:
            raise StoreUnavailable("away")
        self.handled.append(event.update_id)
        return "done"


class Time(ManualClock):
    """Sleeping moves it; nothing else does."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 3, 1, tzinfo=UTC))
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


def holding(store: Store, time: Time) -> RetryOnDatabaseOutage:
    return RetryOnDatabaseOutage(store.probe, common_texts, time)


async def test_an_update_that_meets_an_absent_database_is_handled_when_it_is_back(bot: RecordingBot) -> None:
    store, time = Store(probes=3), Time()
    hold = holding(store, time)
    assert await hold(store.handler, private("hi"), {"bot": bot}) == "done"
    assert store.handled == [1]
    assert time.slept == [0.5, 1.0, 2.0, 4.0]
    assert [type(call) for call in bot.calls] == [SendMessage]
    assert hold.held == 0


async def test_one_chat_is_told_once_however_many_updates_it_has(bot: RecordingBot) -> None:
    store, time = Store(probes=2), Time()
    hold = holding(store, time)
    updates = [private("hi", 7, n) for n in range(1, 5)] + [private("ho", 8, 9)]
    await asyncio.gather(*(hold(store.handler, update, {"bot": bot}) for update in updates))
    assert sorted(store.handled) == [1, 2, 3, 4, 9]
    told = [call.chat_id for call in bot.calls if isinstance(call, SendMessage)]
    assert sorted(told) == [7, 8]
    assert store.probed == 3, "a thousand held updates ask the database once"


def asking_to_join(update_id: int = 6) -> Update:
    person = {"id": 7, "is_bot": False, "first_name": "Ann"}
    group = {"id": -100, "type": "supergroup", "title": "Rooms"}
    request = {"chat": group, "from": person, "user_chat_id": 7, "date": 1_700_000_000}
    return Update.model_validate({"update_id": update_id, "chat_join_request": request})


@pytest.mark.parametrize(("update", "is_safe"), [(private("hi", 7, 6), True), (asking_to_join(), False)])
async def test_what_nobody_can_be_told_of_stays_unconfirmed_while_it_is_held(
    bot: RecordingBot, update: Update, is_safe: bool
) -> None:
    store, time, keeping = Store(probes=2), Time(), UpdateAcknowledger()
    bot.session.middleware(keeping.on_call)
    safe_meanwhile = []

    async def probe() -> None:
        safe_meanwhile.append(not keeping._open)
        await store.probe()

    hold = RetryOnDatabaseOutage(probe, common_texts, time)
    keeping.received([6])

    async def handler(event: Any, data: dict[str, Any]) -> Any:
        return await hold(store.handler, event, {**data, "bot": bot})

    await keeping.on_update(handler, update, {})
    assert safe_meanwhile == [is_safe] * 3
    assert store.handled == [6]
    assert not keeping._open


async def test_the_next_outage_is_told_again(bot: RecordingBot) -> None:
    time = Time()
    for _ in range(2):
        store = Store(probes=1)
        hold = holding(store, time)
        await hold(store.handler, private("hi"), {"bot": bot})
    assert len(bot.calls) == 2


async def test_after_a_pressed_button_the_sentence_comes_into_the_chat_and_the_spinner_stops(bot: RecordingBot) -> None:
    store, time = Store(probes=1), Time()
    await holding(store, time)(store.handler, pressed(), {"bot": bot})
    await AnswerErrors(common_texts).answer(ErrorEvent(update=pressed(), exception=BadInput("A <number>.")), bot)
    spinner, held, again, refused = bot.calls
    assert isinstance(spinner, AnswerCallbackQuery)
    assert isinstance(again, AnswerCallbackQuery)
    assert isinstance(held, SendMessage)
    assert held.text == common_texts.HELD
    assert isinstance(refused, SendMessage)
    assert refused.text == "A &lt;number&gt;."


async def test_a_person_who_uses_both_bots_is_told_by_both() -> None:
    store, time = Store(probes=2), Time()
    hold = holding(store, time)
    one, other = recording_bot(), recording_bot("1001:sandbox-admin")
    await asyncio.gather(*(hold(store.handler, private("hi"), {"bot": bot}) for bot in (one, other)))
    assert len(one.calls) == len(other.calls) == 1


async def test_an_update_is_given_up_after_ten_minutes(bot: RecordingBot) -> None:
    store, time = Store(probes=10**9), Time()

    async def probe() -> None:
        return None  # answers pings and nothing else

    hold = RetryOnDatabaseOutage(probe, common_texts, time)
    with pytest.raises(StoreUnavailable):
        await hold(store.handler, private("hi"), {"bot": bot})
    assert intake.HOLD_FOR_S <= sum(time.slept) < intake.HOLD_FOR_S + 10
    assert hold.held == 0


async def test_what_is_held_is_bounded(bot: RecordingBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "HELD_MAX", 0)
    store, time = Store(probes=1), Time()
    with pytest.raises(StoreUnavailable):
        await holding(store, time)(store.handler, private("hi"), {"bot": bot})


async def test_other_errors_pass(bot: RecordingBot) -> None:
    async def handler(event: Any, data: dict[str, Any]) -> None:
        raise ValueError("not the database")

    with pytest.raises(ValueError, match="not the database"):
        await holding(Store(0), Time())(handler, private("hi"), {"bot": bot})


# errors


async def test_an_unexpected_error_becomes_one_sentence_with_an_id(bot: RecordingBot) -> None:
    secret = "a stack trace with 123:secret"
    event = ErrorEvent(update=private("hi"), exception=ValueError(secret))
    await AnswerErrors(common_texts).answer(event, bot)
    (call,) = bot.calls
    assert isinstance(call, SendMessage)
    assert "Something went wrong" in call.text
    assert "(Error " in call.text
    assert "secret" not in call.text


async def test_an_expected_refusal_is_told_in_its_own_words(bot: RecordingBot) -> None:
    await AnswerErrors(common_texts).answer(
        ErrorEvent(update=private("hi"), exception=BadInput("Give me a number.")), bot
    )
    (call,) = bot.calls
    assert isinstance(call, SendMessage)
    assert call.text == "Give me a number."


async def test_groups_get_no_sentence(bot: RecordingBot) -> None:
    update = private("hi")
    assert update.message is not None
    group = update.message.model_copy(update={"chat": Chat(id=-5, type="supergroup")})
    await AnswerErrors(common_texts).answer(
        ErrorEvent(update=Update(update_id=1, message=group), exception=ValueError("x")), bot
    )
    assert bot.calls == []


# stopping


async def test_handlers_in_flight_are_waited_for_and_late_ones_cancelled() -> None:
    dispatcher, ended = Dispatcher(), []

    async def quick() -> bool:
        ended.append("quick")
        return True

    async def endless() -> bool:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return True

    loop = asyncio.get_running_loop()
    for work in (quick(), endless()):
        dispatcher._handle_update_tasks.add(loop.create_task(work))
    assert await drain(dispatcher, wait_s=0.01) == 1
    assert ended == ["quick", "cancelled"]
    assert await drain(Dispatcher()) == 0


async def test_the_dispatcher_really_asks_the_error_handler(bot: RecordingBot) -> None:
    dispatcher = Dispatcher(disable_fsm=True)
    intake.install(dispatcher, bot, hold=holding(Store(0), Time()), words=common_texts)

    async def broken(message: Message) -> None:
        raise RuntimeError("broken on purpose")

    dispatcher.message.register(broken)
    await dispatcher.feed_update(bot, private("hi"))
    (call,) = bot.calls
    assert isinstance(call, SendMessage)
    assert "Something went wrong" in call.text


async def test_one_person_cannot_fill_the_house(bot: RecordingBot) -> None:
    limit, go_on, begun = PerUserConcurrencyLimit(2), asyncio.Event(), 0

    async def handler(event: Any, data: dict[str, Any]) -> str:
        nonlocal begun
        begun += 1
        await go_on.wait()
        return "done"

    ann, ben = ({"event_from_user": User(id=n, is_bot=False, first_name="x")} for n in (7, 8))
    tasks = Supervisor()
    running = [tasks.spawn(limit(handler, private("x"), ann), "ann") for _ in range(5)]
    running.append(tasks.spawn(limit(handler, private("x"), ben), "ben"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert begun == 3
    go_on.set()
    assert [await task for task in running].count("done") == 3
    assert await limit(handler, private("x"), ann) == "done"


async def test_a_hold_ends_after_its_time_even_if_the_database_never_answers(bot: RecordingBot) -> None:
    store, time = Store(probes=10**9), Time()
    with pytest.raises(StoreUnavailable):
        await holding(store, time)(store.handler, private("hi"), {"bot": bot})
    assert intake.HOLD_FOR_S <= sum(time.slept) < intake.HOLD_FOR_S + 10


def test_the_keeper_of_updates_is_outermost(bot: RecordingBot) -> None:
    inner = RecordingMiddleware()
    bot.session.middleware(inner)
    intake.install(Dispatcher(disable_fsm=True), bot, hold=holding(Store(0), Time()), words=common_texts)
    assert list(bot.session.middleware)[-1] is inner
    assert len(bot.session.middleware) == 2
