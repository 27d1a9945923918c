"""Days and names of subscribers, as they stand on buttons."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from views.people.callbacks import KEY_MAX, PAGE_MAX, USER_ID_MAX, PeopleList, Show, SubscriberAction
from views.people.words import act_data, button_name, day_in_short

BERLIN = ZoneInfo("Europe/Berlin")
#: 00:30 of 2 March in Berlin
NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(minutes=30), "today"),
        (timedelta(minutes=31), "yesterday"),
        (timedelta(minutes=-5), "today"),
        (timedelta(hours=24, minutes=31), "28 February"),
        (timedelta(days=364), "3 March"),
        (timedelta(days=365), "March 2025"),
    ],
)
def test_a_day_is_named_by_the_calendar_of_the_team(ago: timedelta, words: str) -> None:
    assert day_in_short(NOW - ago, NOW, BERLIN) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Alice", "Alice"),
        ("Alexandra Maria", "Alexandra M…"),
        ("\u202eevil", "evil"),
        ("\u200b", "Somebody"),
        ("\u0645\u0631\u062d\u0628\u0627", "\u2068\u0645\u0631\u062d\u0628\u0627\u2069"),
    ],
)
def test_a_name_on_a_button_is_short_and_keeps_its_direction_to_itself(name: str, shown: str) -> None:
    assert button_name(name) == shown


@pytest.mark.parametrize("action", SubscriberAction)
def test_the_longest_button_fits_into_64_bytes(action: SubscriberAction) -> None:
    place = PeopleList(page=PAGE_MAX, show=Show.SOURCE, key="s" * KEY_MAX)
    assert len(act_data(action, USER_ID_MAX, place, 2**31 - 1)) <= 64
