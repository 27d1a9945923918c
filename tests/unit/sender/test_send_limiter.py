"""The limiter with aiogram's methods and exceptions, on virtual time."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    CopyMessage,
    CopyMessages,
    CreateChatInviteLink,
    DeleteMessages,
    EditMessageText,
    ForwardMessages,
    GetChatMember,
    GetMe,
    GetUpdates,
    SendChatAction,
    SendMediaGroup,
    SendMessage,
    SetMyCommands,
    TelegramMethod,
)
from aiogram.types import BotCommand, InputMediaPhoto, MediaUnion
from aiohttp import ServerDisconnectedError

from monitoring.metrics import REGISTRY
from sender.failures import HeldBack
from sender.lanes import Lane, at_least_once
from sender.limiting.flood_answers import DEFAULT_WAIT_S
from sender.limiting.limits import EVERY_CHAT, TRANSIT_S
from sender.limiting.send_limiter import SendLimiter
from sender.unknown_refusals import UnknownRefusal
from tests.unit.sender.telegram import BOT, Answer, Telegram, flood, lost, never_connected, raw, refusal

IMMEDIATELY_DELETED = "Internal Server Error: sent message was immediately deleted and can't be returned"
CREATING: list[TelegramMethod[Any]] = [
    SendMessage(chat_id=1, text="x"),
    CopyMessage(chat_id=1, from_chat_id=-100, message_id=5),
    CreateChatInviteLink(chat_id=-100),
]
IDEMPOTENT: list[TelegramMethod[Any]] = [
    DeleteMessages(chat_id=1, message_ids=[5]),
    EditMessageText(chat_id=1, message_id=5, text="x"),
    GetChatMember(chat_id=-100, user_id=1),
    AnswerCallbackQuery(callback_query_id="1"),
    SetMyCommands(commands=[BotCommand(command="start", description="x")]),
    SendChatAction(chat_id=1, action="typing"),
]
#: failures after which it is unknown whether the call was executed
AMBIGUOUS: dict[str, Answer] = {
    "timeout": lost(TimeoutError()),
    "reset": lost(ServerDisconnectedError()),
    "html": raw(502, "<html>Bad Gateway</html>"),
    "empty": raw(413, ""),
    "deleted": refusal(500, IMMEDIATELY_DELETED),
    "no description": refusal(500, None),
    "500": refusal(500, "Internal Server Error: whatever"),
    "restart": refusal(500, "Internal Server Error: restart"),
}
SEVERAL: list[TelegramMethod[Any]] = [
    CopyMessages(chat_id=1, from_chat_id=-100, message_ids=[5, 6]),
    ForwardMessages(chat_id=1, from_chat_id=-100, message_ids=[5, 6]),
    SendMediaGroup(chat_id=1, media=[InputMediaPhoto(media="id"), InputMediaPhoto(media="id")]),
]


def name_of(method: TelegramMethod[Any]) -> str:
    return method.__api_method__


# rate limits


async def test_a_hundred_calls_to_a_hundred_chats_keep_the_rate_limit() -> None:
    telegram = Telegram(rate=30.0)
    await telegram.results([telegram.send(n + 1) for n in range(100)])
    second = 1.0 + TRANSIT_S
    assert Counter(int((at + 0.001) // second) for at in telegram.times) == {0: 30, 1: 30, 2: 30, 3: 10}
    assert telegram.times.count(0.0) == 9
    telegram.assert_nothing_left()


async def test_polling_is_neither_delayed_nor_retried() -> None:
    telegram = Telegram(rate=1.0)
    telegram.send(1)
    telegram.send(2)
    await telegram.time.settle()
    telegram.script.append(flood(30))
    with pytest.raises(TelegramRetryAfter):
        await telegram.limiter(telegram.make_request, BOT, GetUpdates())
    with pytest.raises(ClientDecodeError):
        telegram.script.append(raw(502, "<html>"))
        await telegram.limiter(telegram.make_request, BOT, GetUpdates())
    assert telegram.times == [0.0, 0.0, 0.0]
    assert telegram.limiter.bulk_rate == pytest.approx(1.0 / (1.0 + TRANSIT_S))


@pytest.mark.parametrize(
    "method", [AnswerCallbackQuery(callback_query_id="1"), GetMe(), GetChatMember(chat_id=-5, user_id=1)], ids=name_of
)
async def test_answers_to_buttons_and_reading_methods_are_not_limited(method: TelegramMethod[Any]) -> None:
    telegram = Telegram(rate=1.0)
    telegram.send(1)
    telegram.send(2)
    await telegram.results([telegram.call(method, lane) for lane in Lane for _ in range(30)])
    assert telegram.times == [0.0] * 91


async def test_an_album_counts_its_items_in_a_group_and_one_call_for_the_bot() -> None:
    telegram = Telegram()
    album: list[MediaUnion] = [InputMediaPhoto(media="id") for _ in range(10)]
    await telegram.results(
        [
            telegram.call(SendMediaGroup(chat_id=-7, media=album)),
            telegram.call(CopyMessages(chat_id=-7, from_chat_id=-100, message_ids=list(range(1, 11)))),
            telegram.call(EditMessageText(chat_id=-7, message_id=5, text="x")),
        ]
    )
    assert telegram.times == [0.0, 0.0, 60.0]


async def test_a_group_by_name_or_by_digits_is_a_group() -> None:
    for chat_id in ("@channel", "-100123"):
        telegram = Telegram()
        copies = [CopyMessages(chat_id=chat_id, from_chat_id=1, message_ids=list(range(1, 21))) for _ in range(2)]
        await telegram.results([telegram.call(copy) for copy in copies])
        assert telegram.times == [0.0, 60.0]


async def test_the_storage_channel_is_not_metered() -> None:
    telegram = Telegram()
    telegram.limiter.unmetered_chats.add(-100)
    copies = [CopyMessages(chat_id=-100, from_chat_id=1, message_ids=list(range(1, 21))) for _ in range(25)]
    await telegram.results([telegram.call(copy) for copy in copies])
    assert telegram.time.passed < 0.6


# 429


async def test_a_flood_in_one_chat_delays_that_chat_and_bulk_but_no_other_chat() -> None:
    telegram = Telegram(latency_s=0.01)
    telegram.script.append(flood(5))
    hit = telegram.send(1)
    await telegram.time.advance(0.02)
    tasks = [hit, telegram.send(1), telegram.send(2), telegram.send(3, lane=Lane.BULK)]
    assert await telegram.results(tasks) == ["done"] * 4
    assert telegram.times_to(2) == [0.02]
    assert telegram.times_to(1) == pytest.approx([0.0, 5.01, 6.01])
    assert telegram.times_to(3)[0] == pytest.approx(5.01, abs=0.1)
    assert telegram.limiter.bulk_rate == 14.5
    telegram.assert_nothing_left()


async def test_calls_in_flight_at_a_flood_are_all_retried_once_and_in_order() -> None:
    telegram = Telegram(latency_s=0.2)
    telegram.script.extend(flood(7) for _ in range(5))
    tasks = [telegram.send(1, str(n)) for n in range(9)]
    assert await telegram.results(tasks) == ["done"] * 9
    texts = [getattr(method, "text", "") for _, method in telegram.arrived]
    assert texts == ["0", "1", "2", "3", "4", *"012345678"]
    assert telegram.times[5:] == pytest.approx([7.2 + n for n in range(9)])
    assert telegram.limiter.bulk_rate == 14.5
    telegram.assert_nothing_left()


async def test_on_pause_gets_chat_and_seconds_before_the_next_call() -> None:
    telegram = Telegram()
    pauses: list[tuple[Any, float, int]] = []
    telegram.limiter.on_pause = lambda chat, seconds: pauses.append((chat, seconds, len(telegram.arrived)))
    telegram.script.extend([flood(5), flood(0), refusal(429, "Too Many Requests: retry after 3")])
    await telegram.result(telegram.send(7))
    await telegram.result(telegram.send(8))
    assert pauses == [(7, 5.0, 1), (7, 1.0, 2), (7, 3.0, 3)]
    telegram.script.append(flood(300))
    with pytest.raises(TelegramRetryAfter):
        await telegram.result(telegram.call(SendMessage(chat_id="@channel", text="x"), Lane.BULK))
    assert pauses[3:] == [("@channel", 300.0, 6)]


async def test_on_pause_is_not_called_for_a_wait_without_a_chat() -> None:
    telegram = Telegram()
    telegram.limiter.on_pause = lambda chat, seconds: pytest.fail(f"{chat} {seconds}")
    telegram.script.append(flood(2))
    await telegram.result(telegram.call(SetMyCommands(commands=[])))
    assert telegram.times == [0.0, 2.0]


WITHOUT_A_NUMBER: dict[str, Answer] = {
    "no number": refusal(429, "Too Many Requests"),
    "no text": refusal(429, None),
    "text for a number": raw(
        429, '{"ok":false,"error_code":429,"description":"Too Many","parameters":{"retry_after":"x"}}'
    ),
    "neither": raw(429, '{"ok":false,"error_code":429,"parameters":{"retry_after":[]}}'),
}


@pytest.mark.parametrize("answer", WITHOUT_A_NUMBER.values(), ids=WITHOUT_A_NUMBER)
async def test_a_429_without_a_number_pauses_its_chat_for_the_default_time(answer: Answer) -> None:
    telegram = Telegram()
    pauses: list[tuple[Any, float]] = []
    telegram.limiter.on_pause = lambda chat, seconds: pauses.append((chat, seconds))
    telegram.script.append(answer)
    assert await telegram.results([telegram.send(1), telegram.send(2)]) == ["done"] * 2
    assert telegram.times_to(1) == [0.0, DEFAULT_WAIT_S]
    assert telegram.times_to(2) == [0.0]
    assert pauses == [(1, DEFAULT_WAIT_S)]


@pytest.mark.parametrize("answer", WITHOUT_A_NUMBER.values(), ids=WITHOUT_A_NUMBER)
async def test_a_429_without_a_number_that_comes_again_and_again_is_raised(answer: Answer) -> None:
    telegram = Telegram()
    telegram.script.extend([answer] * 99)
    with pytest.raises(TelegramRetryAfter):
        await telegram.result(telegram.send(1, lane=Lane.DELETION))
    assert telegram.times == [0.0, 5.0, 10.0]


async def test_text_for_a_number_counts_when_the_description_names_it() -> None:
    telegram = Telegram()
    words = '"description":"Too Many Requests: retry after 8","parameters":{"retry_after":"x"}'
    telegram.script.append(raw(429, '{"ok":false,"error_code":429,' + words + "}"))
    await telegram.result(telegram.send(1))
    assert telegram.times == [0.0, 8.0]


async def test_an_unreadable_answer_that_is_no_429_stays_one() -> None:
    telegram = Telegram()
    telegram.script.append(raw(502, '{"ok":false,"error_code":502,"parameters":{"retry_after":"x"}}'))
    with pytest.raises(ClientDecodeError):
        await telegram.result(telegram.send(1))


@pytest.mark.parametrize(("asked_s", "waits_s"), [(0, 1.0), (1, 1.0), (8, 8.0), (60, 60.0), (3600, None)])
async def test_a_person_waits_as_long_as_asked_up_to_a_minute_and_others_do_not(
    asked_s: int, waits_s: float | None
) -> None:
    telegram = Telegram()
    telegram.script.append(
        flood(asked_s) if asked_s else refusal(429, "Too Many Requests: retry after 0", retry_after=0)
    )
    first, other = await telegram.results([telegram.send(1), telegram.send(2)])
    assert other == "done"
    assert telegram.times_to(2) == [0.0]
    if waits_s is None:
        assert isinstance(first, TelegramRetryAfter)
        assert first.retry_after == 3600
    else:
        assert telegram.times_to(1) == [0.0, waits_s]


async def test_two_chats_refused_together_pause_the_bot_and_on_pause_gets_that_too() -> None:
    telegram = Telegram(latency_s=0.01)
    pauses: list[tuple[Any, float]] = []
    telegram.limiter.on_pause = lambda chat, seconds: pauses.append((chat, round(seconds, 3)))
    telegram.script.extend([flood(9), flood(7)])
    first, second = telegram.send(1), telegram.send(2)
    await telegram.time.advance(0.02)
    assert pauses == [(1, 9.0), (2, 7.0), (EVERY_CHAT, 7.0)]
    read = telegram.call(GetChatMember(chat_id=-5, user_id=1))
    assert await telegram.results([first, second, telegram.send(3), read]) == ["done"] * 4
    assert next(at for at in telegram.times if at > 0) == pytest.approx(7.01)
    telegram.assert_nothing_left()


async def test_a_failure_that_is_no_429_is_no_success_after_the_bots_pause() -> None:
    telegram = Telegram()
    telegram.script.extend([flood(2), flood(2), *[refusal(403, "Forbidden: bot was blocked by the user")] * 5])
    tasks = [telegram.send(chat) for chat in (1, 2)]
    await telegram.time.advance(1.0)
    others = [telegram.send(chat) for chat in range(10, 15)]
    await telegram.time.advance(2.0)
    assert telegram.limiter._call_scheduler._flood.is_on
    await telegram.results([*tasks, *others, telegram.send(20), telegram.send(21), telegram.send(22)])
    assert not telegram.limiter._call_scheduler._flood.is_on


async def test_a_restored_pause_is_kept_without_calling_on_pause() -> None:
    telegram = Telegram()
    telegram.limiter.on_pause = lambda chat, seconds: pytest.fail(f"{chat} {seconds}")
    telegram.limiter.restore(1, 5.0)
    telegram.limiter.restore(2, 300.0)
    tasks = [telegram.send(1), telegram.call(GetChatMember(chat_id=1, user_id=1)), telegram.send(3)]
    await telegram.results(tasks)
    assert telegram.times_to(1) == [5.0, 5.0]
    assert telegram.times_to(3) == [0.0]
    with pytest.raises(TelegramRetryAfter, match="not sent") as caught:
        await telegram.result(telegram.send(2))
    assert caught.value.retry_after == 295
    assert telegram.times_to(2) == []
    assert telegram.limiter.bulk_rate == 29.0


async def test_a_flood_that_comes_again_is_waited_for_again_within_the_limit() -> None:
    telegram = Telegram()
    telegram.script.extend([flood(25), flood(25), flood(25)])
    with pytest.raises(TelegramRetryAfter) as caught:
        await telegram.result(telegram.send(1))
    assert caught.value.retry_after == 25
    assert telegram.times == pytest.approx([0.0, 25.0, 50.0])
    telegram.assert_nothing_left()


@pytest.mark.parametrize(("lane", "limit_s"), [(Lane.INTERACTIVE, 60), (Lane.DELETION, 10), (Lane.BULK, 10)])
async def test_a_pause_longer_than_the_lane_waits_is_raised_at_once(lane: Lane, limit_s: int) -> None:
    telegram = Telegram()
    telegram.script.append(flood(limit_s))
    assert await telegram.result(telegram.send(1, lane=lane)) == "done"
    telegram.script.append(flood(limit_s + 1))
    began = telegram.time.passed
    with pytest.raises(TelegramRetryAfter):
        await telegram.result(telegram.send(2, lane=lane))
    assert telegram.time.passed - began < 0.1
    telegram.assert_nothing_left()


async def test_a_call_into_a_long_known_pause_is_refused_without_being_sent() -> None:
    telegram = Telegram()
    telegram.script.append(flood(300))
    with pytest.raises(TelegramRetryAfter):
        await telegram.result(telegram.send(1))
    with pytest.raises(TelegramRetryAfter, match="not sent") as caught:
        await telegram.result(telegram.send(1))
    assert caught.value.retry_after == 300
    with pytest.raises(TelegramRetryAfter, match="not sent"):
        await telegram.result(telegram.send(2, lane=Lane.BULK))
    assert len(telegram.arrived) == 1


async def test_a_flood_without_a_chat_delays_only_that_call() -> None:
    telegram = Telegram()
    telegram.script.append(flood(20))
    commands = telegram.call(SetMyCommands(commands=[]))
    await telegram.time.settle()
    others = [telegram.send(1), telegram.send(2, lane=Lane.BULK)]
    await telegram.results([commands, *others])
    assert telegram.times == pytest.approx([0.0, 0.0, 0.035, 20.0], abs=0.05)
    assert telegram.limiter.bulk_rate == 29.0


async def test_a_flood_without_parameters_is_understood() -> None:
    telegram = Telegram()
    telegram.script.append(refusal(429, "Too Many Requests: retry after 3"))
    assert await telegram.result(telegram.send(1)) == "done"
    assert telegram.times == [0.0, 3.0]


async def test_retry_after_0_is_no_hot_loop() -> None:
    telegram = Telegram()
    telegram.script.extend(refusal(429, "Too Many Requests: retry after 0") for _ in range(1000))
    with pytest.raises(Exception, match="retry after 0"):
        await telegram.result(telegram.send(1))
    assert len(telegram.arrived) == 61


async def test_a_pause_gets_jitter() -> None:
    telegram = Telegram()
    telegram.limiter._rng.uniform = lambda a, b: b  # type: ignore[method-assign]
    telegram.script.append(flood(3))
    await telegram.result(telegram.send(1))
    assert telegram.times == [0.0, 3.5]


async def test_a_call_cancelled_in_a_pause_leaves_its_queue() -> None:
    telegram = Telegram(latency_s=0.1)
    telegram.script.append(flood(5))
    tasks = [telegram.send(1, str(n)) for n in range(8)]
    await telegram.time.advance(1.0)
    for task in (tasks[0], tasks[6]):
        task.cancel()
    await telegram.time.settle()
    assert telegram.limiter.waiting(Lane.INTERACTIVE) == 2
    await telegram.results(tasks)
    texts = [getattr(method, "text", "") for _, method in telegram.arrived]
    assert texts == ["0", "1", "2", "3", "4", "5", "7"]
    assert telegram.times[5:] == pytest.approx([5.1, 6.1])
    telegram.assert_nothing_left()


# retries


@pytest.mark.parametrize("method", CREATING + SEVERAL + IDEMPOTENT, ids=name_of)
async def test_a_call_that_never_connected_is_retried_three_times(method: TelegramMethod[Any]) -> None:
    telegram, answer = Telegram(), never_connected()
    telegram.script.extend([answer] * 3)
    assert await telegram.result(telegram.call(method)) == "done"
    assert telegram.times == pytest.approx([0.0, 0.5, 1.5, 3.5])
    telegram.script.extend([answer] * 99)
    with pytest.raises(TelegramNetworkError):
        await telegram.result(telegram.call(method))
    assert len(telegram.arrived) == 8
    telegram.assert_nothing_left()


@pytest.mark.parametrize("method", CREATING + SEVERAL, ids=name_of)
@pytest.mark.parametrize("answer", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_may_have_been_created_is_never_retried(method: TelegramMethod[Any], answer: Answer) -> None:
    telegram = Telegram()
    telegram.script.append(answer)
    with pytest.raises((TelegramServerError, TelegramNetworkError, ClientDecodeError)):
        await telegram.result(telegram.call(method))
    assert len(telegram.arrived) == 1
    telegram.assert_nothing_left()


@pytest.mark.parametrize("method", IDEMPOTENT, ids=name_of)
@pytest.mark.parametrize("answer", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_idempotent_calls_are_retried_when_ambiguous(method: TelegramMethod[Any], answer: Answer) -> None:
    telegram = Telegram()
    telegram.script.extend([answer] * 3)
    assert await telegram.result(telegram.call(method)) == "done"
    assert len(telegram.arrived) == 4


async def test_a_failed_album_item_is_never_retried() -> None:
    telegram = Telegram()
    text = 'Bad Request: failed to send message #1 with the error message "Too Many Requests: retry after 8"'
    telegram.script.append(refusal(400, text))
    with pytest.raises(TelegramBadRequest):
        await telegram.result(telegram.call(SEVERAL[0]))
    assert len(telegram.arrived) == 1


@pytest.mark.parametrize("method", SEVERAL, ids=name_of)
async def test_a_flood_that_stops_several_messages_is_raised_and_pauses_the_chat(method: TelegramMethod[Any]) -> None:
    telegram = Telegram()
    pauses: list[tuple[Any, float]] = []
    telegram.limiter.on_pause = lambda chat, seconds: pauses.append((chat, seconds))
    telegram.script.append(flood(3))
    with pytest.raises(TelegramRetryAfter):
        await telegram.result(telegram.call(method))
    assert pauses == [(1, 3.0)]
    await telegram.result(telegram.send(1))
    assert telegram.times == [0.0, 3.0]
    telegram.assert_nothing_left()


async def test_a_flood_that_stops_the_only_message_of_an_album_is_waited_out() -> None:
    telegram = Telegram()
    telegram.script.append(flood(3))
    await telegram.result(telegram.call(CopyMessages(chat_id=1, from_chat_id=-100, message_ids=[5])))
    assert telegram.times == [0.0, 3.0]


@pytest.mark.parametrize("method", SEVERAL, ids=name_of)
async def test_several_messages_held_back_by_a_known_pause_are_told_from_a_flood(method: TelegramMethod[Any]) -> None:
    telegram = Telegram()
    telegram.limiter.restore(1, 300.0)
    with pytest.raises(HeldBack):
        await telegram.result(telegram.call(method))
    assert telegram.arrived == []


@pytest.mark.parametrize("answer", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_a_sentence_better_sent_twice_than_never_is_repeated(answer: Answer) -> None:
    telegram = Telegram()
    telegram.script.extend([answer] * 7)
    with at_least_once():
        sentence = telegram.send(1)
    assert await telegram.result(sentence) == "done"
    assert telegram.times == pytest.approx([0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 31.5])


@pytest.mark.parametrize("method", [*CREATING[1:], *SEVERAL], ids=name_of)
@pytest.mark.parametrize("answer", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_a_copy_is_never_repeated_not_even_where_sentences_are(
    method: TelegramMethod[Any], answer: Answer
) -> None:
    telegram = Telegram()
    telegram.script.append(answer)
    with at_least_once():
        copy = telegram.call(method)
    with pytest.raises((TelegramServerError, TelegramNetworkError, ClientDecodeError)):
        await telegram.result(copy)
    assert len(telegram.arrived) == 1


async def test_a_refusal_nobody_knows_is_reported_with_its_call() -> None:
    telegram = Telegram()
    found: list[UnknownRefusal] = []
    telegram.limiter.unknown_refusals.on_new = found.append
    for text in ("Bad Request: chat not found", "Bad Request: SOMETHING_NEW", "Bad Request: SOMETHING_NEW"):
        telegram.script.append(refusal(400, text))
        with pytest.raises(TelegramBadRequest):
            await telegram.result(telegram.send(1))
    assert found == [UnknownRefusal("sendMessage", "private chat", "Bad Request: SOMETHING_NEW")]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(403, "Forbidden: bot was blocked by the user"), TelegramForbiddenError),
        (refusal(400, "Bad Request: chat not found"), TelegramBadRequest),
        (
            refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001),
            TelegramMigrateToChat,
        ),
    ],
)
async def test_a_refusal_is_raised_at_once(answer: Answer, kind: type[Exception]) -> None:
    telegram = Telegram()
    telegram.script.append(answer)
    with pytest.raises(kind):
        await telegram.result(telegram.send(1))
    assert telegram.times == [0.0]


async def test_a_5xx_without_description_is_raised_as_a_server_error() -> None:
    telegram = Telegram()
    telegram.script.append(refusal(500, None))
    with pytest.raises(TelegramServerError) as caught:
        await telegram.result(telegram.send(1))
    assert isinstance(caught.value.__cause__, TypeError)


async def test_a_bug_of_ours_is_raised_unchanged() -> None:
    telegram = Telegram()

    def bug(method: TelegramMethod[Any]) -> Any:
        raise TypeError("unsupported operand type(s)")

    telegram.script.append(bug)
    with pytest.raises(TypeError, match="operand"):
        await telegram.result(telegram.send(1))
    assert len(telegram.arrived) == 1


async def test_a_call_backing_off_lets_no_later_call_of_its_chat_overtake() -> None:
    telegram = Telegram()
    telegram.script.append(never_connected())
    first = telegram.send(1, "first")
    await telegram.time.settle()
    await telegram.results([first, telegram.send(1, "second"), telegram.send(2, "other")])
    texts = [getattr(method, "text", "") for _, method in telegram.arrived]
    assert texts == ["first", "other", "first", "second"]


# the rest


async def test_the_fast_path_makes_no_task_and_no_future(monkeypatch: pytest.MonkeyPatch) -> None:
    telegram = Telegram()
    loop = asyncio.get_running_loop()
    made: list[str] = []
    monkeypatch.setattr(loop, "create_future", lambda: made.append("future"))
    monkeypatch.setattr(loop, "create_task", lambda *_, **__: made.append("task"))
    step = telegram.limiter(telegram.make_request, BOT, SendMessage(chat_id=1, text="x"))
    with pytest.raises(StopIteration) as end:
        step.send(None)
    monkeypatch.undo()
    assert end.value.value == "done"
    assert made == []


def test_a_limiter_belongs_to_one_bot() -> None:
    limiter = SendLimiter()
    limiter.bind(42)
    limiter.bind(42)
    with pytest.raises(ValueError, match="belongs to bot 42"):
        limiter.bind(43)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_calls_waits_and_retries_are_counted() -> None:
    def counts() -> list[float]:
        return [
            value("tollgate_telegram_calls_total", bot="42", method="sendMessage", outcome="ok"),
            value("tollgate_telegram_calls_total", bot="42", method="sendMessage", outcome="flood"),
            value("tollgate_sender_retries_total", bot="42", reason="flood"),
            value("tollgate_sender_paused_total", bot="42"),
            value("tollgate_sender_wait_seconds_count", bot="42", lane="interactive"),
            value("tollgate_sender_wait_seconds_sum", bot="42", lane="interactive"),
        ]

    telegram = Telegram()
    before = counts()
    telegram.script.append(flood(4))
    task = telegram.send(1)
    await telegram.time.advance(1.0)
    assert value("tollgate_sender_queue_depth", bot="42", lane="interactive") == 1.0
    await telegram.result(task)
    assert [after - earlier for earlier, after in zip(before, counts(), strict=True)] == [1, 1, 1, 1, 2, 4]
    assert value("tollgate_sender_queue_depth", bot="42", lane="interactive") == 0.0


async def test_idle_chats_are_evicted() -> None:
    telegram = Telegram(rate=1000.0)
    for n in range(5000):
        await telegram.limiter(telegram.make_request, BOT, SendMessage(chat_id=n + 1, text="x"))
        telegram.time.at_s += 0.05
    assert len(telegram.limiter._call_scheduler._chats) <= 1024
