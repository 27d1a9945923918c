"""The one place where foreign text meets HTML (DESIGN §7.11)."""

from html import escape

#: first-strong isolate and its end: a right-to-left name cannot turn the sentence around
_ISOLATE, _END = "\u2068", "\u2069"
#: direction controls that could break out of the isolate
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def esc(text: str) -> str:
    """Text a person typed or is called, safe inside an HTML message and inside a double-quoted attribute."""
    return escape(text, quote=True)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis when something was cut. Cut before you escape."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def bare(text: str) -> str:
    """`text` without direction controls; by itself for buttons, which are not HTML."""
    return text.translate(_CONTROLS)


def isolate(text: str, limit: int = 80) -> str:
    """A name or title inside a sentence: cut, escaped, and kept from turning the sentence around it."""
    return f"{_ISOLATE}{esc(cut(bare(text), limit))}{_END}"
