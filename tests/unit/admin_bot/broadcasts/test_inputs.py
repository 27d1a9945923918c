"""What an admin types about a broadcast, on both sides of each limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_bot.broadcasts.inputs import (
    read_active,
    read_buttons,
    read_language,
    read_lifetime,
    read_source,
)
from core.broadcasts import LinkButton
from core.errors import BadInput
from core.segments import SegmentKind
from views.broadcasts import compose_texts as texts

SHOP = "https://example.org/shop"


# --- how long


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("10", 10), ("10m", 10), ("2h", 120), ("1h 30m", 90), ("47h", 2820), ("2820", 2820), ("1 day", 1440)],
)
def test_lifetimes_that_are_taken(typed: str, minutes: int) -> None:
    assert read_lifetime(typed) == minutes


@pytest.mark.parametrize("typed", ["never", "Never", "0"])
def test_never_is_zero_minutes(typed: str) -> None:
    assert read_lifetime(typed) == 0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("48h", texts.lifetime_too_long()),
        ("47h 1m", texts.lifetime_too_long()),
        ("2821", texts.lifetime_too_long()),
        ("9", texts.lifetime_too_short()),
        ("1m", texts.lifetime_too_short()),
        ("0h", texts.lifetime_expected()),
        ("-10", texts.lifetime_expected()),
        ("soon", texts.lifetime_expected()),
        ("", texts.lifetime_expected()),
        ("2d", texts.lifetime_too_long()),
        ("30m 5s", texts.lifetime_expected()),
    ],
)
def test_lifetimes_that_are_refused_say_why(typed: str, sentence: str) -> None:
    with pytest.raises(BadInput) as problem:
        read_lifetime(typed)
    assert problem.value.sentence == sentence


def test_48_hours_are_refused_with_telegrams_reason() -> None:
    assert "Telegram deletes nothing older than 48" in texts.lifetime_too_long()


# --- buttons


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (f"Shop - {SHOP}", [("Shop", SHOP)]),
        (f"Shop – {SHOP}", [("Shop", SHOP)]),
        (f"Shop — {SHOP}", [("Shop", SHOP)]),
        (f"Open - the - shop - {SHOP}", [("Open - the - shop", SHOP)]),
        (f"  Open   the shop   -   {SHOP}  ", [("Open the shop", SHOP)]),
        (f"a-b - {SHOP}?q=a-b", [("a-b", f"{SHOP}?q=a-b")]),
        (f"One - {SHOP}\n\n  \nTwo – {SHOP}/2", [("One", SHOP), ("Two", f"{SHOP}/2")]),
        (f"{'x' * 64} - {SHOP}", [("x" * 64, SHOP)]),
        (f"\u202eShop - {SHOP}", [("Shop", SHOP)]),
    ],
)
def test_buttons_are_lines_and_the_last_dash_separates(typed: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.text, one.url) for one in read_buttons(typed)] == expected


@pytest.mark.parametrize("typed", ["-", " – ", "\n-\n"])
def test_a_single_dash_removes_all_buttons(typed: str) -> None:
    assert read_buttons(typed) == ()


def test_ten_buttons_are_taken_and_eleven_are_not() -> None:
    assert read_buttons(f"Shop - {SHOP}\n" * 10) == (LinkButton(text="Shop", url=SHOP),) * 10
    with pytest.raises(BadInput) as problem:
        read_buttons(f"Shop - {SHOP}\n" * 11)
    assert problem.value.sentence == texts.too_many_buttons()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("Shop", "Send each button"),
        (SHOP, "Send each button"),
        (f"- {SHOP}", "Send each button"),
        (f"Shop -{SHOP}", "Send each button"),
        ("Shop - example.org", "is no address"),
        ("Shop - javascript:alert(1)", "is no address"),
        ("Shop - https://localhost/x", "is no address"),
        ("Shop - tg://user?id=1", "is no address"),
        (f"{'x' * 65} - {SHOP}", "1 to 64 characters"),
        (f"\u202e - {SHOP}", "1 to 64 characters"),
        ("/ban 5", "Send each button"),
    ],
)
def test_a_bad_button_is_named_by_its_line(line: str, hint: str) -> None:
    with pytest.raises(BadInput) as problem:
        read_buttons(f"Shop - {SHOP}\n\n{line}")
    assert problem.value.sentence.startswith("Line 3: ")
    assert hint in problem.value.sentence


@pytest.mark.parametrize("typed", ["", " \n "])
def test_an_empty_text_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_buttons(typed)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_buttons_or_bad_input(typed: str) -> None:
    try:
        buttons = read_buttons(typed)
    except BadInput as problem:
        assert len(problem.sentence) < 1000
        return
    assert len(buttons) <= 10


# --- to whom


@pytest.mark.parametrize(("typed", "days"), [("1", 1), (" 90 ", 90), ("365", 365), ("007", 7)])
def test_days_that_are_taken(typed: str, days: int) -> None:
    assert read_active(typed).days == days


@pytest.mark.parametrize("typed", ["0", "366", "-1", "7d", "", "٧", "1000", "1.5"])
def test_days_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_active(typed)


@pytest.mark.parametrize(
    ("typed", "language"), [("pt", "pt"), ("PT-BR", "pt-br"), ("zh_hans", "zh-hans"), (" fil ", "fil")]
)
def test_languages_that_are_taken(typed: str, language: str) -> None:
    segment = read_language(typed)
    assert (segment.kind, segment.language) == (SegmentKind.LANGUAGE, language)


@pytest.mark.parametrize("typed", ["", "p", "portuguese", "pt-", "pt-b", "pt br", "рт", "<b>"])
def test_languages_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_language(typed)


@pytest.mark.parametrize(
    ("typed", "source"), [("spring24", "spring24"), (" Spring ", "Spring"), ("s_web", "web"), ("-s_web", "web")]
)
def test_sources_that_are_taken(typed: str, source: str) -> None:
    assert read_source(typed).source == source


@pytest.mark.parametrize("typed", ["", "a b", "x" * 25, "a_b", "ü", "-"])
def test_sources_that_are_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_source(typed)
