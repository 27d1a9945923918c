"""What is certain after each answer to each kind of call; the exceptions are raised by aiogram itself."""

import socket

import pytest
from aiogram.exceptions import AiogramError, TelegramNetworkError
from aiogram.methods import SendMessage
from aiohttp import ClientConnectorError, ConnectionTimeoutError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey

from sender.certainty import Certainty, Effect, certainty_of, effect_of
from sender.failures import HeldBack
from tests.unit.sender.telegram import Answer, lost, raw, refusal

REFUSED, REPEAT, UNKNOWN = Certainty.REFUSED, Certainty.REPEAT, Certainty.UNKNOWN
KEY = ConnectionKey("h", 443, True, True, None, None, None)
#: answer, then what is certain of a read or repeatable call, of one that creates one, of one that creates several
TABLE: list[tuple[str, Answer, Certainty, Certainty, Certainty]] = [
    ("400", refusal(400, "Bad Request: chat not found"), REFUSED, REFUSED, REFUSED),
    (
        "400 failed #2",
        refusal(400, 'Bad Request: failed to send message #2 with the error message "X"'),
        REFUSED,
        REFUSED,
        UNKNOWN,
    ),
    (
        "400 failed #1",
        refusal(400, 'Bad Request: failed to send message #1 with the error message "MEDIA_EMPTY"'),
        REFUSED,
        REFUSED,
        UNKNOWN,
    ),
    ("400 group", refusal(400, "Bad Request: group send failed"), REFUSED, REFUSED, UNKNOWN),
    ("400 Group", refusal(400, "Bad Request: Group send failed"), REFUSED, REFUSED, UNKNOWN),
    (
        "400 flood inside",
        refusal(
            400, 'Bad Request: failed to send message #3 with the error message "Too Many Requests: retry after 8"'
        ),
        REFUSED,
        REFUSED,
        UNKNOWN,
    ),
    (
        "migrated",
        refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1),
        REFUSED,
        REFUSED,
        REFUSED,
    ),
    ("403", refusal(403, "Forbidden: bot was blocked by the user"), REFUSED, REFUSED, REFUSED),
    (
        "403 failed #1",
        refusal(403, 'Forbidden: failed to send message #1 with the error message "USER_IS_BLOCKED"'),
        REFUSED,
        REFUSED,
        REFUSED,
    ),
    (
        "403 failed #2",
        refusal(403, 'Forbidden: failed to send message #2 with the error message "USER_IS_BLOCKED"'),
        REFUSED,
        REFUSED,
        UNKNOWN,
    ),
    ("406 as 400", refusal(400, "Bad Request: PAYMENT_UNSUPPORTED"), REFUSED, REFUSED, UNKNOWN),
    ("400 a sentence", refusal(400, "Bad Request: something new"), REFUSED, REFUSED, REFUSED),
    ("400 a known code", refusal(400, "Bad Request: CHAT_FORWARDS_RESTRICTED"), REFUSED, REFUSED, REFUSED),
    ("400 no words", refusal(400, None), REFUSED, REFUSED, REFUSED),
    ("404", refusal(404, "Not Found: method not found"), REFUSED, REFUSED, REFUSED),
    ("406", refusal(406, "USER_RESTRICTED"), REFUSED, REFUSED, UNKNOWN),
    ("409", refusal(409, "Conflict: terminated by other getUpdates request"), REFUSED, REFUSED, REFUSED),
    ("413", refusal(413, "Request Entity Too Large"), REFUSED, REFUSED, REFUSED),
    ("429", refusal(429, "Too Many Requests: retry after 3", retry_after=3), REPEAT, REPEAT, UNKNOWN),
    ("429 of 0", refusal(429, "Too Many Requests: retry after 0", retry_after=0), REPEAT, REPEAT, UNKNOWN),
    ("429 bare", refusal(429, "Too Many Requests"), REPEAT, REPEAT, UNKNOWN),
    ("401", refusal(401, "Unauthorized"), REFUSED, REFUSED, UNKNOWN),
    ("500", refusal(500, "Internal Server Error: something"), REPEAT, UNKNOWN, UNKNOWN),
    ("500 restart", refusal(500, "Internal Server Error: restart"), REPEAT, UNKNOWN, UNKNOWN),
    ("502 HTML", raw(502, "<html>Bad Gateway</html>"), REPEAT, UNKNOWN, UNKNOWN),
    ("200 unreadable", raw(200, '{"ok": true, "result": {"message_id": "?"}}'), REPEAT, UNKNOWN, UNKNOWN),
    ("time-out", lost(TimeoutError()), REPEAT, UNKNOWN, UNKNOWN),
    ("reset", lost(ServerDisconnectedError()), REPEAT, UNKNOWN, UNKNOWN),
    ("reset by the system", lost(ConnectionResetError()), REPEAT, UNKNOWN, UNKNOWN),
    ("refused connection", lost(ClientConnectorError(KEY, ConnectionRefusedError())), REPEAT, REPEAT, REPEAT),
    ("no such host", lost(socket.gaierror()), REPEAT, REPEAT, REPEAT),
    ("no connection in time", lost(ConnectionTimeoutError()), REPEAT, REPEAT, REPEAT),
]


def error_of(answer: Answer) -> BaseException:
    try:
        answer(SendMessage(chat_id=1, text="x"))
    except AiogramError as error:
        return error
    raise AssertionError("aiogram accepts this answer")


@pytest.mark.parametrize(
    ("answer", "repeatable", "one", "several"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_certainty_belongs_to_the_pair_of_call_and_answer(
    answer: Answer, repeatable: Certainty, one: Certainty, several: Certainty
) -> None:
    error = error_of(answer)
    found = [certainty_of(effect, error) for effect in Effect]
    assert found == [repeatable, repeatable, one, several]


@pytest.mark.parametrize(
    ("error", "one"),
    [(FileNotFoundError(), REFUSED), (OSError(), UNKNOWN), (TypeError("NoneType is not iterable"), UNKNOWN)],
)
def test_errors_outside_telegram_are_lost_answers_unless_nothing_can_have_left(
    error: BaseException, one: Certainty
) -> None:
    assert certainty_of(Effect.CREATES_ONE, error) is one


def test_a_call_that_was_held_back_has_certainly_not_been_made() -> None:
    method = SendMessage(chat_id=1, text="x")
    held = HeldBack(method=method, message="Too Many Requests: retry after 90", retry_after=90)
    assert {certainty_of(effect, held) for effect in Effect} == {REPEAT}


def test_a_network_error_without_a_cause_is_a_lost_answer() -> None:
    error = TelegramNetworkError(method=SendMessage(chat_id=1, text="x"), message="?")
    assert certainty_of(Effect.CREATES_ONE, error) is UNKNOWN


@pytest.mark.parametrize(
    ("effect", "methods"),
    [
        (Effect.READ, "getMe getChatMember getUpdates"),
        (
            Effect.REPEATABLE,
            "deleteMessages editMessageText pinChatMessage unpinChatMessage setMyCommands answerCallbackQuery "
            "approveChatJoinRequest declineChatJoinRequest revokeChatInviteLink sendChatAction deleteWebhook",
        ),
        (Effect.CREATES_ONE, "sendMessage sendPhoto copyMessage forwardMessage createChatInviteLink sendNobodyKnows"),
        (Effect.CREATES_SEVERAL, "copyMessages forwardMessages sendMediaGroup"),
    ],
)
def test_every_method_has_an_effect_and_an_unknown_one_creates(effect: Effect, methods: str) -> None:
    assert {effect_of(method) for method in methods.split()} == {effect}


def test_a_call_that_makes_several_messages_and_is_asked_for_one_creates_one() -> None:
    assert effect_of("copyMessages", 1) is Effect.CREATES_ONE
    assert effect_of("copyMessages", 2) is Effect.CREATES_SEVERAL
    assert effect_of("deleteMessages", 1) is Effect.REPEATABLE
