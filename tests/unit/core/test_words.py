"""Words of a search: folded alike on both sides, of any script, and never more than the index should hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.words import SEARCHED_MAX, WORD_MAX, WORDS_MAX, searched_words, words_of


def matches(words: tuple[str, ...], searched: tuple[str, ...]) -> bool:
    """What the index is asked: each searched word begins one of `words`."""
    return all(any(word.startswith(beginning) for word in words) for beginning in searched)


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Spring Album", "alb"),
        ("Straße", "STRASS"),
        ("Café", "cafe"),
        ("Cafe", "CAFÉ"),
        ("Ёлка", "елк"),
        ("Ελλάδα", "ελλαδα"),
        ("İstanbul", "istanbul"),
        ("हिन्दी किताब", "किता"),
        ("العَرَبِيَّة", "العربية"),
        ("שָׁלוֹם", "שלום"),
        ("日本語タイトル", "タイ"),
        ("หนังสือไทย", "ไทย"),
        ("Tiếng Việt", "viet"),
        ("ＦＵＬＬ width", "full"),
        ("e\u0301te\u0301", "été"),
        ("snake_case-name", "case"),
        ("👩‍👩‍👧 family", "fam"),
        ("🎁🎁", "🎁"),
        ("\u2067שלום\u2069", "שלום"),
        ("x" * 80, "x" * 80),
    ],
)
def test_a_title_is_found_by_the_beginning_of_a_word_in_any_case_and_script(title: str, typed: str) -> None:
    assert matches(words_of(title), searched_words(typed))


@pytest.mark.parametrize(
    ("title", "typed"),
    [("Spring Album", "ring"), ("Spring Album", "spring tulip"), ("हिन्दी", "हन"), ("Album", "albums"), ("🎁", "🎈")],
)
def test_a_word_that_begins_none_of_the_title_finds_nothing(title: str, typed: str) -> None:
    assert not matches(words_of(title), searched_words(typed))


def test_words_are_distinct_in_order_and_bounded() -> None:
    assert words_of("12", "Rome, rome", "by night") == ("12", "rome", "by", "night")
    many = words_of("first " + " ".join(str(number) for number in range(1000)))
    assert len(many) == WORDS_MAX and many[0] == "first"
    assert len(words_of("語" * 500)) <= WORDS_MAX
    assert [len(word) for word in words_of("x" * 1000)] == [WORD_MAX]


def test_nothing_to_search_for_is_no_word() -> None:
    assert words_of("", " \n\t") == searched_words("  ") == ()


def test_the_longest_word_of_a_search_comes_first_and_one_that_begins_another_is_left_out() -> None:
    assert searched_words("the album alb") == ("album", "the")
    assert len(searched_words(" ".join(f"word{number}" for number in range(50)))) == SEARCHED_MAX


@given(st.text(max_size=200))
def test_every_text_finds_itself_and_its_words_are_folded_once(text: str) -> None:
    words = words_of(text)
    assert len(words) <= WORDS_MAX and all(0 < len(word) <= WORD_MAX for word in words)
    assert matches(words, searched_words(text)) or len(words) == WORDS_MAX
    for word in words:
        assert words_of(word)[:1] == (word,) or len(word) == WORD_MAX
