"""Error texts nobody knows: reported once, bounded in number and length."""

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage

from sender.limiting.limits import ChatKey
from sender.unknown_refusals import REMEMBERED_MAX, REMEMBERED_S, TEXT_MAX, UnknownRefusal, UnknownRefusals
from tests.unit.sender.virtual import VirtualTime


class Reported:
    """Refusals on virtual time, and those that were reported."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        self.found: list[UnknownRefusal] = []
        self.refusals = UnknownRefusals(self.time)
        self.refusals.on_new = self.found.append

    def note(self, text: str, chat: ChatKey | None = 5) -> None:
        error = TelegramBadRequest(SendMessage(chat_id=1, text="x"), text)
        self.refusals.note("sendMessage", chat, error)


def test_a_text_that_differs_in_its_numbers_only_is_reported_once() -> None:
    reported = Reported()
    reported.note("Bad Request: NEW_WAIT_17")
    reported.note("Bad Request: NEW_WAIT_9")
    assert [one.text for one in reported.found] == ["Bad Request: NEW_WAIT_17"]


def test_one_text_of_two_methods_is_reported_twice() -> None:
    one, other = UnknownRefusal("sendMessage", "no chat", "x"), UnknownRefusal("copyMessage", "no chat", "x")
    assert one.fingerprint != other.fingerprint


def test_a_text_is_reported_again_after_an_hour() -> None:
    reported = Reported()
    for at_s in (0.0, REMEMBERED_S - 1, REMEMBERED_S + 1):
        reported.time.at_s = at_s
        reported.note("Bad Request: NEW")
    assert len(reported.found) == 2


def test_no_more_different_texts_are_reported_than_are_remembered() -> None:
    reported = Reported()
    for number in range(REMEMBERED_MAX + 5):
        reported.note("Bad Request: " + "x" * number)
    assert len(reported.found) == REMEMBERED_MAX


def test_a_long_text_is_cut_and_brought_into_one_line() -> None:
    reported = Reported()
    reported.note("Bad Request:\n" + "x" * 10_000)
    (found,) = reported.found
    assert len(found.text) == TEXT_MAX
    assert "\n" not in found.text


@pytest.mark.parametrize(
    ("chat", "kind"),
    [(5, "private chat"), (-100, "group or channel"), ("@news", "group or channel"), (None, "no chat")],
)
def test_the_kind_of_chat_is_reported_and_not_its_id(chat: ChatKey | None, kind: str) -> None:
    reported = Reported()
    reported.note("Bad Request: NEW", chat)
    assert [one.chat for one in reported.found] == [kind]


def test_an_error_that_is_not_telegrams_is_not_reported() -> None:
    reported = Reported()
    reported.refusals.note("sendMessage", 5, TypeError("a bug"))
    assert reported.found == []
