"""The failure each answer of Telegram is classified as. The exceptions are raised by aiogram itself."""

import json
import socket
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import SendMessage
from aiohttp import ClientConnectorError, ConnectionTimeoutError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey

from sender.failures import NO_DESCRIPTION, TELEGRAM_ERRORS, HeldBack, classify, retry_after, text_of
from sender.refusals import Failure
from tests.unit.sender.catalogue import CATALOGUE

SESSION = AiohttpSession()
BOT = Bot("42:test", session=SESSION)
METHOD = SendMessage(chat_id=1, text="hello")


def error_for(status: int, body: str) -> BaseException:
    """Return what aiogram raises for this answer."""
    try:
        SESSION.check_response(bot=BOT, method=METHOD, status_code=status, content=body)
    except (AiogramError, TypeError) as error:
        return error
    raise AssertionError("aiogram accepts this answer")


def refusal(status: int, description: str, **parameters: int) -> BaseException:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return error_for(status, json.dumps(body))


@pytest.mark.parametrize(("status", "text", "failure"), CATALOGUE)
def test_every_known_answer_is_classified(status: int, text: str, failure: Failure) -> None:
    error = refusal(status, text)
    assert classify(error) is failure
    assert isinstance(error, TELEGRAM_ERRORS)


def test_the_seconds_of_a_429_are_read_with_and_without_parameters() -> None:
    full = refusal(429, "Too Many Requests: retry after 35", retry_after=35)
    assert isinstance(full, TelegramRetryAfter)
    bare = refusal(429, "Too Many Requests: retry after 7")
    assert (classify(full), retry_after(full)) == (Failure.FLOOD, 35.0)
    assert (classify(bare), retry_after(bare)) == (Failure.FLOOD, 7.0)
    assert retry_after(refusal(400, "Bad Request: chat not found")) is None
    assert retry_after(OSError()) is None


def test_a_group_that_became_a_supergroup_has_migrated() -> None:
    error = refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001)
    assert classify(error) is Failure.MIGRATED


@pytest.mark.parametrize(("status", "body"), [(502, "<html>Bad Gateway</html>"), (413, ""), (200, '{"ok": true}x')])
def test_an_unreadable_answer_is_ambiguous(status: int, body: str) -> None:
    error = error_for(status, body)
    assert isinstance(error, ClientDecodeError)
    assert classify(error) is Failure.AMBIGUOUS


def test_an_answer_of_an_unknown_shape_is_ambiguous() -> None:
    assert classify(error_for(200, '{"ok": "perhaps"}')) is Failure.AMBIGUOUS


def test_the_type_error_of_a_server_error_without_description_is_ambiguous() -> None:
    error = error_for(500, '{"ok": false, "error_code": 500}')
    assert type(error) is TypeError
    assert classify(error) is Failure.AMBIGUOUS
    assert classify(TelegramServerError(method=METHOD, message=NO_DESCRIPTION)) is Failure.AMBIGUOUS


def test_another_type_error_is_other() -> None:
    assert classify(TypeError("unsupported operand type(s)")) is Failure.OTHER


def caused(message: str, cause: BaseException) -> BaseException:
    error = TelegramNetworkError(method=METHOD, message=message)
    error.__cause__ = cause
    return error


def refused_connection() -> ClientConnectorError:
    key = ConnectionKey("h", 443, True, True, None, None, None)
    return ClientConnectorError(key, ConnectionRefusedError(111, "refused"))


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (caused("ClientConnectorError", refused_connection()), Failure.TRANSIENT),
        (caused("Request timeout error", ConnectionTimeoutError()), Failure.TRANSIENT),
        (caused("Request timeout error", TimeoutError()), Failure.AMBIGUOUS),
        (caused("ServerDisconnectedError", ServerDisconnectedError()), Failure.AMBIGUOUS),
        (TelegramNetworkError(method=METHOD, message="no cause"), Failure.AMBIGUOUS),
        (refused_connection(), Failure.TRANSIENT),
        (ConnectionRefusedError(), Failure.TRANSIENT),
        (socket.gaierror(), Failure.TRANSIENT),
        (ConnectionResetError(), Failure.AMBIGUOUS),
        (TimeoutError(), Failure.AMBIGUOUS),
        (ServerDisconnectedError(), Failure.AMBIGUOUS),
        (FileNotFoundError(), Failure.CONTENT),
    ],
)
def test_the_network_is_transient_only_when_nothing_was_sent(error: BaseException, failure: Failure) -> None:
    assert classify(error) is failure
    assert isinstance(error, TELEGRAM_ERRORS)


@pytest.mark.parametrize("error", [KeyError("x"), ValueError(), AiogramError()])
def test_errors_that_are_not_telegrams_are_other(error: BaseException) -> None:
    assert classify(error) is Failure.OTHER


def test_a_refusal_in_an_unexpected_class_is_classified_by_its_text() -> None:
    assert classify(TelegramBadRequest(METHOD, "Bad Request: bot was blocked by the user")) is Failure.BLOCKED


@pytest.mark.parametrize("status", [400, 403, 404, 406, 429])
def test_a_refusal_without_a_description_is_other(status: int) -> None:
    error = error_for(status, json.dumps({"ok": False, "error_code": status}))
    assert (classify(error), text_of(error), retry_after(error)) == (Failure.OTHER, "", None)


def test_a_call_that_was_held_back_is_flood_control() -> None:
    held = HeldBack(method=METHOD, message="Too Many Requests: retry after 7 (not sent)", retry_after=7)
    assert (classify(held), retry_after(held)) == (Failure.FLOOD, 7.0)
