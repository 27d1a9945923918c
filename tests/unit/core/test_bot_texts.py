"""Texts of a bot's profile as they are typed."""

import pytest

from core.bots.texts import LONGEST, Part, read_text


@pytest.mark.parametrize(
    ("part", "typed", "read"),
    [
        (Part.NAME, "  Olive\n  shop ", "Olive shop"),
        (Part.NAME, "-", None),
        (Part.NAME, "\u200b", None),
        (Part.NAME, "", None),
        (Part.ABOUT, "-", ""),
        (Part.ABOUT, "a\nb", "a b"),
        (Part.DESCRIPTION, " a\nb ", "a\nb"),
        (Part.DESCRIPTION, "–", ""),
    ],
)
def test_a_text_is_read_as_telegram_keeps_it(part: Part, typed: str, read: str | None) -> None:
    assert read_text(part, typed) == read


@pytest.mark.parametrize(("part", "most"), LONGEST.items())
def test_the_longest_text_is_taken_and_a_longer_one_is_not(part: Part, most: int) -> None:
    assert read_text(part, "x" * most) == "x" * most
    assert read_text(part, "x" * (most + 1)) is None
