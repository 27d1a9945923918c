"""Text of people on a terminal: what could steer it, or turn the line around, is written out."""

import unicodedata

#: categories of characters that are not shown but do something: control, format (bidi), lone surrogates, separators
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""Return the text as one line, with each steering character as an escape like \x1b or \u202e."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if unicodedata.category(char) in _STEERING else char for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
