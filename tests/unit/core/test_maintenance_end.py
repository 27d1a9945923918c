"""Ends of a maintenance as they are typed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.settings.maintenance import LONGEST, read_end

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 30, 18, 2, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("20:00", "30 20:00"),
        ("Until 20:00", "30 20:00"),
        ("till  20:30", "30 20:30"),
        # it has passed today
        ("18:00", "1 18:00"),
        ("until 6:00", "1 06:00"),
        ("tomorrow 9:00", "1 09:00"),
        ("for 90 min", "30 19:35"),
        ("90", "30 19:35"),
        ("2 h", "30 20:05"),
        ("in 2 hours", "30 20:05"),
        ("24 h", "1 18:02"),
    ],
)
def test_a_typed_end_is_read(typed: str, end: str) -> None:
    until = read_end(typed, NOW.astimezone(UTC), ZONE)
    assert until is not None and f"{until.astimezone(ZONE).day} {until.astimezone(ZONE):%H:%M}" == end


@pytest.mark.parametrize("typed", ["", "later", "25:00", "25 h", "tomorrow 19:00", "3 days", "-5", "0", "٣", "9" * 400])
def test_what_is_no_end_within_a_day_is_none(typed: str) -> None:
    assert read_end(typed, NOW.astimezone(UTC), ZONE) is None


def test_the_longest_is_not_rounded_beyond_the_limit() -> None:
    assert read_end("1440", NOW.astimezone(UTC), ZONE) == NOW.astimezone(UTC) + LONGEST
    assert read_end("1441", NOW.astimezone(UTC), ZONE) is None
    assert timedelta(hours=24) == LONGEST
