"""What people are called cannot steer a terminal."""

import pytest

from core.terminal.printing import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anna-Lena Müller 漢字 \U0001f600", "Anna-Lena Müller 漢字 \U0001f600"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("\u2066a\u2069", r"\u2066a\u2069"),
        ("two\nlines\r\u2028\u2029", r"two\nlines\r\u2028\u2029"),
        ("\x00\x7f\ud800\ufeff", r"\x00\x7f\ud800\ufeff"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(text).encode().isascii() or "ü" in text
