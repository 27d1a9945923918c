"""Error texts, without aiogram."""

import pytest

from sender.refusals import Failure, failure_of_text, is_permanent_recipient, is_retryable, retry_after_of_text
from tests.unit.sender.catalogue import CATALOGUE

#: where the text alone says it; the other statuses speak for themselves (`test_failures.py`)
TOLD_BY_TEXT = [(text, failure) for status, text, failure in CATALOGUE if status in (400, 403, 404, 421, 429)]


@pytest.mark.parametrize(("text", "failure"), TOLD_BY_TEXT)
def test_the_text_says_what_failed(text: str, failure: Failure) -> None:
    assert failure_of_text(text) is failure


@pytest.mark.parametrize(
    "text",
    [
        "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"chat not found\"",
        "Bad Request: inline keyboard button URL 'bot was blocked by the user' is invalid: Wrong HTTP URL",
    ],
)
def test_foreign_words_inside_an_error_decide_nothing(text: str) -> None:
    assert failure_of_text(text) is Failure.CONTENT


@pytest.mark.parametrize("text", ["", "Bad Request: ", "Bad Request: something new of Telegram's"])
def test_an_unknown_text_is_other(text: str) -> None:
    assert failure_of_text(text) is Failure.OTHER


def test_the_seconds_of_a_flood_text_are_read() -> None:
    assert retry_after_of_text("Too Many Requests: retry after 2282") == 2282.0
    assert retry_after_of_text("Bad Request: chat not found") is None


def test_only_what_a_person_or_owner_must_change_is_permanent() -> None:
    permanent = {failure for failure in Failure if is_permanent_recipient(failure)}
    assert permanent == {Failure.BLOCKED, Failure.DEACTIVATED, Failure.UNREACHABLE, Failure.KICKED}


def test_an_ambiguous_failure_is_not_retryable() -> None:
    assert {failure for failure in Failure if is_retryable(failure)} == {Failure.FLOOD, Failure.TRANSIENT}
