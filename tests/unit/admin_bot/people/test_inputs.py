"""What is typed about subscribers: read, or refused with what is expected."""

from datetime import timedelta

import pytest

from admin_bot.people.inputs import read_gift, read_pass, read_reason
from core.errors import BadInput

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("typed", "span"), [("14", 14 * DAY), ("12h", DAY / 2), ("2 weeks", 14 * DAY), ("3650", 3650 * DAY)]
)
def test_a_pass_is_prolonged_by_days_or_a_time(typed: str, span: timedelta) -> None:
    assert read_pass(typed) == span


@pytest.mark.parametrize("typed", ["", "0", "-1", "never", "3651", "1.5", "٣", "soon"])
def test_another_time_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(BadInput, match="like 14"):
        read_pass(typed)


@pytest.mark.parametrize(
    ("typed", "gift"), [("1 credit", (1, 0)), ("10000CREDITS", (10_000, 0)), ("14  Days", (0, 14))]
)
def test_a_gift_is_credits_or_days(typed: str, gift: tuple[int, int]) -> None:
    assert read_gift(typed) == gift


@pytest.mark.parametrize("typed", ["", "5", "0 days", "3651 days", "10001 credits", "-5 credits", "5 hours", "٥ days"])
def test_another_gift_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(BadInput, match="like 25 credits or 14 days"):
        read_gift(typed)


@pytest.mark.parametrize(("typed", "is_read"), [("x" * 200, True), ("a\nb", True), ("x" * 201, False), (" \n", False)])
def test_a_reason_is_one_line_of_200_characters(typed: str, is_read: bool) -> None:
    if is_read:
        assert "\n" not in read_reason(typed)
    else:
        with pytest.raises(BadInput, match="at most 200"):
            read_reason(typed)
