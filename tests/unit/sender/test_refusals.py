"""Classifying Telegram's error texts, without aiogram."""

import pytest

from sender.refusals import (
    Failure,
    failure_of_text,
    is_permanent_recipient,
    number_of_several,
    retry_after_of_text,
)
from tests.unit.sender.catalogue import CATALOGUE

#: statuses of which the text alone decides; the others are in `test_failures.py`
DECIDED_BY_TEXT = [(text, failure) for status, text, failure in CATALOGUE if status in (400, 403, 404, 421, 429)]


@pytest.mark.parametrize(("text", "failure"), DECIDED_BY_TEXT)
def test_every_known_text_is_classified(text: str, failure: Failure) -> None:
    assert failure_of_text(text) is failure


@pytest.mark.parametrize(
    "text",
    [
        "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"chat not found\"",
        "Bad Request: inline keyboard button URL 'bot was blocked by the user' is invalid: Wrong HTTP URL",
    ],
)
def test_user_input_quoted_in_an_error_does_not_classify_it(text: str) -> None:
    assert failure_of_text(text) is Failure.CONTENT


@pytest.mark.parametrize("text", ["", "Bad Request: ", "Bad Request: something new of Telegram's"])
def test_an_unknown_text_is_other(text: str) -> None:
    assert failure_of_text(text) is Failure.OTHER


def test_the_seconds_of_a_flood_text_are_read() -> None:
    assert retry_after_of_text("Too Many Requests: retry after 2282") == 2282.0
    assert retry_after_of_text("Bad Request: chat not found") is None


def test_only_failures_that_a_user_or_owner_must_mend_are_permanent() -> None:
    permanent = {failure for failure in Failure if is_permanent_recipient(failure)}
    assert permanent == {
        Failure.BLOCKED,
        Failure.DEACTIVATED,
        Failure.UNREACHABLE,
        Failure.KICKED,
        Failure.UNKNOWN_PERSON,
    }


@pytest.mark.parametrize("reason", ["Too Many Requests: retry after 8", "something new", "Group send failed"])
def test_a_reason_without_a_subject_leaves_a_failed_message_of_several_ambiguous(reason: str) -> None:
    text = f'Bad Request: failed to send message #1 with the error message "{reason}"'
    assert failure_of_text(text) is Failure.AMBIGUOUS


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('Bad Request: failed to send message #1 with the error message "X"', 1),
        ('Forbidden: failed to send message #12 with the error message "USER_IS_BLOCKED"', 12),
        ("Bad Request: group send failed", None),
        ("", None),
    ],
)
def test_the_number_of_the_first_failed_message_is_read(text: str, number: int | None) -> None:
    assert number_of_several(text) == number
