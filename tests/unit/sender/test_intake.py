"""The intake alone: updates held in an outage, users notified once, handlers drained at a stop, errors answered."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, Chat, ErrorEvent, Message, Update, User

from core.clock import ManualClock
from core.errors import BadInput, StoreReadOnly, StoreSlow, StoreUnavailable
from sender.updates import intake
from sender.updates.intake import SLOW_AGAIN_S, ErrorHandler, RetryOnDatabaseOutage, drain
from sender.updates.languages import SpeakSendersLanguage, answer_in
from sender.updates.places import Places
from sender.updates.poison import UnreadableUpdate
from sender.updates.polling import UpdateAcknowledger
from tests.recording import RecordingBot, RecordingMiddleware, recording_bot
from views import common_texts
from views.catalogues import speaking_to
from views.language import spoken


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
async def test_a_held_update_has_no_place_and_is_acknowledged_once_its_user_was_notified(
    bot: RecordingBot, update: Update, is_acknowledged: bool
) -> None:
    store, time, acknowledger = Store(probes=2), Time(), UpdateAcknowledger(Places(1))
    bot.session.middleware(acknowledger.on_call)
    seen: list[tuple[Any, bool]] = []

    async def probe() -> None:
        seen.append((acknowledger.unconfirmed.offset() == 7, acknowledger.is_full))
        await store.probe()

    retry = RetryOnDatabaseOutage(probe, common_texts, time)

    async def handler(event: Any, data: dict[str, Any]) -> Any:
        seen.append(("begins", acknowledger.is_full))
        return await store.handler(event, data)

    async def held(event: Any, data: dict[str, Any]) -> Any:
        return await retry(handler, event, {**data, "bot": bot})

    acknowledger.unconfirmed.receive([6], 0.0)
    await acknowledger.on_update(held, update, {})
    assert seen == [("begins", True), *[(is_acknowledged, False)] * 3, ("begins", True)]
    assert store.handled == [6]
    assert acknowledger.unconfirmed.offset() == 7
    assert not acknowledger.is_full


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
    assert held.text == common_texts.held()
    assert isinstance(refused, SendMessage)
    assert refused.text == "A &lt;number&gt;."


async def test_a_user_of_both_bots_is_notified_by_both() -> None:
    store, time = Store(probes=2), Time()
    retry = retrying(store, time)
    one, other = recording_bot(), recording_bot("1001:sandbox-admin")
    await asyncio.gather(*(retry(store.handler, private("hi"), {"bot": bot}) for bot in (one, other)))
    assert len(one.calls) == len(other.calls) == 1


async def test_an_update_of_a_private_chat_is_given_up_after_ten_minutes(bot: RecordingBot) -> None:
    store, time = Store(probes=10**9), Time()

    async def probe() -> None:
        return None  # the database answers pings and nothing else

    retry = RetryOnDatabaseOutage(probe, common_texts, time)
    with pytest.raises(StoreUnavailable):
        await retry(store.handler, private("hi"), {"bot": bot})
    assert intake.HOLD_FOR_S <= sum(time.slept) < intake.HOLD_FOR_S + 10
    assert retry.held == 0


async def test_an_update_that_nobody_can_send_again_is_held_until_the_database_is_back(bot: RecordingBot) -> None:
    store, time = Store(probes=300), Time()
    assert await retrying(store, time)(store.handler, asking_to_join(), {"bot": bot}) == "done"
    assert sum(time.slept) > 2 * intake.HOLD_FOR_S


async def test_a_slow_command_is_tried_twice_more_for_who_can_try_again(bot: RecordingBot) -> None:
    store, time = Store(probes=0), Time()
    asked = 0

    async def slow(event: Any, data: dict[str, Any]) -> None:
        nonlocal asked
        asked += 1
        raise StoreSlow("count users: NetworkTimeout")

    with pytest.raises(StoreSlow):
        await retrying(store, time)(slow, private("hi"), {"bot": bot})
    assert (asked, time.slept, store.probed, list(bot.calls)) == (3, [*SLOW_AGAIN_S], 0, [])
    await ErrorHandler(common_texts).answer(ErrorEvent(update=private("hi"), exception=StoreSlow("x")), bot)
    (said,) = [call.text for call in bot.calls if isinstance(call, SendMessage)]
    assert said == StoreSlow.source


async def test_who_meets_a_slow_database_in_a_rush_is_served_when_it_is_over(bot: RecordingBot) -> None:
    store, time = Store(probes=0), Time()
    errors: list[Exception] = [StoreSlow("find users: ExecutionTimeout 50")]

    async def slow_at_first(event: Any, data: dict[str, Any]) -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert await retrying(store, time)(slow_at_first, private("hi"), {"bot": bot}) == "done"
    assert (time.slept, list(bot.calls)) == ([SLOW_AGAIN_S[0]], [])


async def test_a_slow_command_for_what_nobody_can_send_again_is_repeated_after_long_pauses(bot: RecordingBot) -> None:
    store, time = Store(probes=0), Time()
    asked = 0

    async def slow_at_first(event: Any, data: dict[str, Any]) -> str:
        nonlocal asked
        asked += 1
        if asked < 4:
            raise StoreSlow("update_one memberships: ExecutionTimeout 50")
        return "done"

    assert await retrying(store, time)(slow_at_first, asking_to_join(), {"bot": bot}) == "done"
    assert asked == 4
    assert len(time.slept) == 3 and min(time.slept) >= 5

    async def always_slow(event: Any, data: dict[str, Any]) -> str:
        raise StoreSlow("update_one memberships: ExecutionTimeout 50")

    with pytest.raises(StoreSlow):
        await retrying(store, time)(always_slow, asking_to_join(), {"bot": bot})
    assert len(time.slept) < 15


async def test_an_update_whose_handler_meets_the_outage_again_is_tried_at_most_every_five_seconds(
    bot: RecordingBot,
) -> None:
    store, time = Store(probes=0), Time()

    async def refused(event: Any, data: dict[str, Any]) -> None:
        raise StoreReadOnly("insert_one tokens: OperationFailure 13")

    with pytest.raises(StoreUnavailable):
        await retrying(store, time)(refused, private("hi"), {"bot": bot})
    assert time.slept[:5] == [0.5, 1.0, 2.0, 4.0, 5.0]
    assert set(time.slept[5:]) == {5.0}


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


# the language of what is said here


def of_app(update: Update, code: str | None) -> Update:
    """The same update from an app in another language."""
    found = update.model_copy(deep=True)
    event = found.message or found.callback_query
    assert event is not None and event.from_user is not None
    object.__setattr__(event, "from_user", event.from_user.model_copy(update={"language_code": code}))
    return found


def speak_to_senders(dispatcher: Dispatcher) -> None:
    speak = SpeakSendersLanguage(speaking_to)
    dispatcher.update.outer_middleware(speak)
    dispatcher.errors.outer_middleware(speak)


def said(bot: RecordingBot) -> list[str | None]:
    return [call.text for call in bot.calls if isinstance(call, SendMessage | AnswerCallbackQuery) and call.text]


@pytest.mark.parametrize("code", ["ru", "ar", "pt-br", "en", "xx", None, "../de"])
async def test_an_error_is_told_in_the_language_of_the_app(bot: RecordingBot, code: str | None) -> None:
    dispatcher = dispatching(bot)

    async def broken(message: Message) -> None:
        raise StoreSlow("too slow")

    dispatcher.message.register(broken)
    await dispatcher.feed_update(bot, of_app(private("hi"), code))
    with speaking_to(code):
        assert said(bot) == [StoreSlow("x").sentence]
        assert (said(bot) == [StoreSlow.source]) is (spoken() == "en")


async def test_an_error_after_the_sender_was_read_is_told_in_the_language_they_chose(bot: RecordingBot) -> None:
    dispatcher = dispatching(bot)

    async def broken(message: Message, **data: Any) -> None:
        answer_in(data, "de")
        raise RuntimeError("broken on purpose")

    dispatcher.message.register(broken)
    await dispatcher.feed_update(bot, of_app(private("hi"), "ru"))
    (text,) = said(bot)
    with speaking_to("de"):
        assert text is not None and text.startswith(common_texts.failed("").partition("(")[0])


async def test_the_notice_of_an_outage_is_in_the_language_of_the_app(bot: RecordingBot) -> None:
    dispatcher, store = Dispatcher(disable_fsm=True), Store(probes=1)
    speak_to_senders(dispatcher)
    intake.install(dispatcher, bot, outage_retry=retrying(store, Time()), texts=common_texts)

    async def away_at_first(message: Message) -> None:
        if not store.probed:
            raise StoreUnavailable("away")

    dispatcher.message.register(away_at_first)
    await dispatcher.feed_update(bot, of_app(private("hi"), "ru"))
    with speaking_to("ru"):
        assert said(bot) == [common_texts.held()]
        assert said(bot)[0] != "I am having a short break and have kept your request."


async def test_who_presses_too_often_is_told_in_the_language_of_the_app(bot: RecordingBot) -> None:
    dispatcher, go_on = Dispatcher(disable_fsm=True), asyncio.Event()
    speak_to_senders(dispatcher)
    intake.install(dispatcher, bot, outage_retry=retrying(Store(0), Time()), texts=common_texts, per_user=1)

    async def handler(query: CallbackQuery) -> None:
        await go_on.wait()

    dispatcher.callback_query.register(handler)
    presses = [of_app(pressed(), "es").model_copy(update={"update_id": number}) for number in range(3)]
    asyncio.get_running_loop().call_later(0, go_on.set)
    await asyncio.gather(*(dispatcher.feed_update(bot, press) for press in presses))
    with speaking_to("es"):
        assert said(bot) == [common_texts.one_at_a_time()]


# messages that cannot be read


def dispatching(bot: RecordingBot) -> Dispatcher:
    dispatcher = Dispatcher(disable_fsm=True)
    speak_to_senders(dispatcher)
    intake.install(dispatcher, bot, outage_retry=retrying(Store(0), Time()), texts=common_texts)
    return dispatcher


async def test_the_sender_of_an_unreadable_message_gets_one_sentence(bot: RecordingBot) -> None:
    update = UnreadableUpdate.model_validate({"update_id": 1, "chat_id": 7}, context={"bot": bot})
    await dispatching(bot).feed_update(bot, update)
    (call,) = bot.calls
    assert isinstance(call, SendMessage)
    assert (call.chat_id, call.text) == (7, common_texts.unreadable())
    spanish = {"update_id": 2, "chat_id": 7, "language_code": "es"}
    await dispatching(bot).feed_update(bot, UnreadableUpdate.model_validate(spanish, context={"bot": bot}))
    with speaking_to("es"):
        assert said(bot)[1] == common_texts.unreadable() != "I could not read that message."


async def test_ten_unreadable_messages_at_once_get_one_sentence_and_a_later_one_another(bot: RecordingBot) -> None:
    dispatcher, answered = dispatching(bot), asyncio.Event()

    async def slowly(make_request: Any, bot: Any, method: Any) -> Any:
        await answered.wait()
        return await make_request(bot, method)

    bot.session.middleware(slowly)

    def unreadable(number: int, chat_id: int = 7) -> UnreadableUpdate:
        return UnreadableUpdate.model_validate({"update_id": number, "chat_id": chat_id}, context={"bot": bot})

    at_once = [unreadable(number) for number in range(10)] + [unreadable(10, chat_id=8)]
    asyncio.get_running_loop().call_later(0, answered.set)
    await asyncio.gather(*(dispatcher.feed_update(bot, update) for update in at_once))
    assert sorted(call.chat_id for call in bot.calls if isinstance(call, SendMessage)) == [7, 8]
    await dispatcher.feed_update(bot, unreadable(11))
    assert len(bot.calls) == 3


def test_who_installs_the_intake_learns_whether_another_update_may_be_taken(bot: RecordingBot) -> None:
    for per_user, free in ((None, 62), (8, 63)):
        acknowledger = intake.install(
            Dispatcher(disable_fsm=True),
            bot,
            outage_retry=retrying(Store(0), Time()),
            texts=common_texts,
            per_user=per_user,
        )
        for update_id in (1, 2):
            acknowledger.places.take(private("hi", 7, update_id))
        assert acknowledger.places.free == free
        assert not acknowledger.is_full


async def test_a_bot_with_a_limit_answers_presses_beyond_it_with_one_toast(bot: RecordingBot) -> None:
    dispatcher, go_on = Dispatcher(disable_fsm=True), asyncio.Event()
    intake.install(dispatcher, bot, outage_retry=retrying(Store(0), Time()), texts=common_texts, per_user=2)

    async def handler(query: CallbackQuery) -> None:
        await go_on.wait()

    dispatcher.callback_query.register(handler)
    presses = [pressed().model_copy(update={"update_id": number}) for number in range(50)]
    asyncio.get_running_loop().call_later(0, go_on.set)
    await asyncio.gather(*(dispatcher.feed_update(bot, press) for press in presses))
    (toast,) = bot.calls
    assert isinstance(toast, AnswerCallbackQuery)
    assert toast.text == common_texts.one_at_a_time()
