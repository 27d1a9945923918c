"""The intake alone: updates held in an outage, users notified once, handlers drained at a stop, errors answered."""

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
from sender.intake import ErrorHandler, PerUserConcurrencyLimit, RetryOnDatabaseOutage, drain
from tests.recording import RecordingBot, RecordingMiddleware, recording_bot
from views import common_texts


def private(text: str, user_id: int = 7, update_id: int = 1) -> Update:
    user = User(id=user_id, is_bot=False, first_name="Ann")
    chat = Chat(id=user_id, type="private")
    message = Message.model_validate(
        {"message_id": update_id, "date": 1_700_000_000, "chat": chat, "from": user, "text": text}
    )
    return Update(update_id=update_id, message=message)


def pressed(user_id: int = 7) -> Update:
    user = User(id=user_id, is_bot=False, first_name="Ann")
    query = CallbackQuery.model_validate({"id": "9", "from": user, "chat_instance": "1", "data": "x"})
    return Update(update_id=5, callback_query=query)


@pytest.fixture
def bot() -> RecordingBot:
    return recording_bot()


class Store:
    """A database that is away for the first `probes` probes and `calls` calls."""

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
    """A clock that only sleeping moves; remembers each sleep."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 3, 1, tzinfo=UTC))
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


def retrying(store: Store, time: Time) -> RetryOnDatabaseOutage:
    return RetryOnDatabaseOutage(store.probe, common_texts, time)


async def test_an_update_that_meets_an_absent_database_is_handled_when_it_is_back(bot: RecordingBot) -> None:
    store, time = Store(probes=3), Time()
    retry = retrying(store, time)
    assert await retry(store.handler, private("hi"), {"bot": bot}) == "done"
    assert store.handled == [1]
    assert time.slept == [0.5, 1.0, 2.0, 4.0]
    assert [type(call) for call in bot.calls] == [SendMessage]
    assert retry.held == 0


async def test_a_chat_is_notified_once_however_many_of_its_updates_are_held(bot: RecordingBot) -> None:
    store, time = Store(probes=2), Time()
    retry = retrying(store, time)
    updates = [private("hi", 7, n) for n in range(1, 5)] + [private("ho", 8, 9)]
    await asyncio.gather(*(retry(store.handler, update, {"bot": bot}) for update in updates))
    assert sorted(store.handled) == [1, 2, 3, 4, 9]
    notified = [call.chat_id for call in bot.calls if isinstance(call, SendMessage)]
    assert sorted(notified) == [7, 8]
    assert store.probed == 3, "held updates share one probe"


def asking_to_join(update_id: int = 6) -> Update:
    user = {"id": 7, "is_bot": False, "first_name": "Ann"}
    group = {"id": -100, "type": "supergroup", "title": "Rooms"}
    request = {"chat": group, "from": user, "user_chat_id": 7, "date": 1_700_000_000}
    return Update.model_validate({"update_id": update_id, "chat_join_request": request})


@pytest.mark.parametrize(("update", "is_acknowledged"), [(private("hi", 7, 6), True), (asking_to_join(), False)])
async def test_a_held_update_whose_user_cannot_be_notified_is_not_acknowledged(
    bot: RecordingBot, update: Update, is_acknowledged: bool
) -> None:
    store, time, acknowledger = Store(probes=2), Time(), UpdateAcknowledger()
    bot.session.middleware(acknowledger.on_call)
    acknowledged_meanwhile = []

    async def probe() -> None:
        acknowledged_meanwhile.append(not acknowledger._pending)
        await store.probe()

    retry = RetryOnDatabaseOutage(probe, common_texts, time)
    acknowledger.add_pending([6])

    async def handler(event: Any, data: dict[str, Any]) -> Any:
        return await retry(store.handler, event, {**data, "bot": bot})

    await acknowledger.on_update(handler, update, {})
    assert acknowledged_meanwhile == [is_acknowledged] * 3
    assert store.handled == [6]
    assert not acknowledger._pending


async def test_the_next_outage_is_notified_again(bot: RecordingBot) -> None:
    time = Time()
    for _ in range(2):
        store = Store(probes=1)
        retry = retrying(store, time)
        await retry(store.handler, private("hi"), {"bot": bot})
    assert len(bot.calls) == 2


async def test_after_a_button_the_notice_goes_to_the_chat_and_the_spinner_stops(bot: RecordingBot) -> None:
    store, time = Store(probes=1), Time()
    await retrying(store, time)(store.handler, pressed(), {"bot": bot})
    await ErrorHandler(common_texts).answer(ErrorEvent(update=pressed(), exception=BadInput("A <number>.")), bot)
    spinner, held, again, refused = bot.calls
    assert isinstance(spinner, AnswerCallbackQuery)
    assert isinstance(again, AnswerCallbackQuery)
    assert isinstance(held, SendMessage)
    assert held.text == common_texts.HELD
    assert isinstance(refused, SendMessage)
    assert refused.text == "A &lt;number&gt;."


async def test_a_user_of_both_bots_is_notified_by_both() -> None:
    store, time = Store(probes=2), Time()
    retry = retrying(store, time)
    one, other = recording_bot(), recording_bot("1001:sandbox-admin")
    await asyncio.gather(*(retry(store.handler, private("hi"), {"bot": bot}) for bot in (one, other)))
    assert len(one.calls) == len(other.calls) == 1


async def test_an_update_is_given_up_after_ten_minutes(bot: RecordingBot) -> None:
    store, time = Store(probes=10**9), Time()

    async def probe() -> None:
        return None  # the database answers pings and nothing else

    retry = RetryOnDatabaseOutage(probe, common_texts, time)
    with pytest.raises(StoreUnavailable):
        await retry(store.handler, private("hi"), {"bot": bot})
    assert intake.HOLD_FOR_S <= sum(time.slept) < intake.HOLD_FOR_S + 10
    assert retry.held == 0


async def test_held_updates_are_bounded(bot: RecordingBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "HELD_MAX", 0)
    store, time = Store(probes=1), Time()
    with pytest.raises(StoreUnavailable):
        await retrying(store, time)(store.handler, private("hi"), {"bot": bot})


async def test_other_errors_pass(bot: RecordingBot) -> None:
    async def handler(event: Any, data: dict[str, Any]) -> None:
        raise ValueError("not the database")

    with pytest.raises(ValueError, match="not the database"):
        await retrying(Store(0), Time())(handler, private("hi"), {"bot": bot})


# errors


async def test_an_unexpected_error_is_answered_by_one_sentence_with_an_id(bot: RecordingBot) -> None:
    secret = "a stack trace with 123:secret"
    event = ErrorEvent(update=private("hi"), exception=ValueError(secret))
    await ErrorHandler(common_texts).answer(event, bot)
    (call,) = bot.calls
    assert isinstance(call, SendMessage)
    assert "Something went wrong" in call.text
    assert "(Error " in call.text
    assert "secret" not in call.text


async def test_a_tollgate_error_is_answered_by_its_own_sentence(bot: RecordingBot) -> None:
    await ErrorHandler(common_texts).answer(
        ErrorEvent(update=private("hi"), exception=BadInput("Give me a number.")), bot
    )
    (call,) = bot.calls
    assert isinstance(call, SendMessage)
    assert call.text == "Give me a number."


async def test_an_error_in_a_group_is_not_answered(bot: RecordingBot) -> None:
    update = private("hi")
    assert update.message is not None
    group = update.message.model_copy(update={"chat": Chat(id=-5, type="supergroup")})
    await ErrorHandler(common_texts).answer(
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
    intake.install(dispatcher, bot, outage_retry=retrying(Store(0), Time()), texts=common_texts)

    async def broken(message: Message) -> None:
        raise RuntimeError("broken on purpose")

    dispatcher.message.register(broken)
    await dispatcher.feed_update(bot, private("hi"))
    (call,) = bot.calls
    assert isinstance(call, SendMessage)
    assert "Something went wrong" in call.text


async def test_updates_of_one_user_beyond_the_limit_are_dropped(bot: RecordingBot) -> None:
    limit, go_on, started = PerUserConcurrencyLimit(2), asyncio.Event(), 0

    async def handler(event: Any, data: dict[str, Any]) -> str:
        nonlocal started
        started += 1
        await go_on.wait()
        return "done"

    ann, ben = ({"event_from_user": User(id=n, is_bot=False, first_name="x")} for n in (7, 8))
    tasks = Supervisor()
    running = [tasks.spawn(limit(handler, private("x"), ann), "ann") for _ in range(5)]
    running.append(tasks.spawn(limit(handler, private("x"), ben), "ben"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert started == 3
    go_on.set()
    assert [await task for task in running].count("done") == 3
    assert await limit(handler, private("x"), ann) == "done"


async def test_a_held_update_is_given_up_even_if_the_database_never_answers(bot: RecordingBot) -> None:
    store, time = Store(probes=10**9), Time()
    with pytest.raises(StoreUnavailable):
        await retrying(store, time)(store.handler, private("hi"), {"bot": bot})
    assert intake.HOLD_FOR_S <= sum(time.slept) < intake.HOLD_FOR_S + 10


def test_the_acknowledger_is_the_outermost_middleware(bot: RecordingBot) -> None:
    inner = RecordingMiddleware()
    bot.session.middleware(inner)
    intake.install(Dispatcher(disable_fsm=True), bot, outage_retry=retrying(Store(0), Time()), texts=common_texts)
    assert list(bot.session.middleware)[-1] is inner
    assert len(bot.session.middleware) == 2
