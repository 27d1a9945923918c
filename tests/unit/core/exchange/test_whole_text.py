"""Half surrogates in JSON: no text that cannot be encoded gets in."""

import json

import pytest

from core.exchange.whole_text import loads

GRINNING = "\U0001f600"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r'"\ud83d"', "\ufffd"),
        (r'"\uDE00"', "\ufffd"),
        (r'"a\ud83db"', "a\ufffdb"),
        (r'"\ude00\ud83d"', "\ufffd\ufffd"),
        (r'"\ud83d\ud83d\ude00"', f"\ufffd{GRINNING}"),
        (r'"\ud83d\ude00"', GRINNING),
        (r'"\ud83d\ude00\ud83d\ude00"', GRINNING * 2),
        (r'"\\ud83d"', r"\ud83d"),
        (f'"{GRINNING}"', GRINNING),
    ],
)
def test_half_of_a_pair_becomes_the_replacement_character(text: str, read: str) -> None:
    assert loads(text) == loads(text.encode()) == read
    loads(text).encode()


def test_names_and_values_at_any_depth_are_whole() -> None:
    read = loads(json.dumps({"a\ud83d": [{"b": "\ude00", "n": 2**60, "x": None}]}))
    assert read == {"a\ufffd": [{"b": "\ufffd", "n": 2**60, "x": None}]}


@pytest.mark.parametrize("text", ["", "{", r'"\ud83', "\ud83d", b"\xff", b'"\xed\xa0\xbd"'])
def test_what_is_no_json_is_refused_as_json_does(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        loads(text)
