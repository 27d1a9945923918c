"""Keys seen before: known once, forgotten after an outage, bounded."""

import pytest

from admin_bot.seen_keys import SeenKeys
from core.errors import StoreUnavailable


def test_a_key_is_new_once() -> None:
    seen = SeenKeys()
    assert [seen.add("a"), seen.add("a"), seen.add("b")] == [True, False, True]
    with seen.first_time("a") as is_new:
        assert not is_new


def test_a_new_key_is_forgotten_when_the_database_was_away() -> None:
    seen = SeenKeys()
    with pytest.raises(StoreUnavailable), seen.first_time("a") as is_new:
        assert is_new
        raise StoreUnavailable("away")
    with seen.first_time("a") as is_new:
        assert is_new


def test_a_known_key_stays_known_when_the_database_was_away() -> None:
    seen = SeenKeys()
    seen.add("a")
    with pytest.raises(StoreUnavailable), seen.first_time("a"):
        raise StoreUnavailable("away")
    assert "a" in seen


def test_above_its_size_the_oldest_keys_are_forgotten() -> None:
    seen = SeenKeys(2)
    for key in "abc":
        seen.add(key)
    assert [key in seen for key in "abc"] == [False, True, True]
