"""Escaping: the only place where text of other people becomes HTML (DESIGN §7.11)."""

from html import escape

#: first-strong isolate and its end: a right-to-left name must not reverse the sentence around it
_ISOLATE, _END = "\u2068", "\u2069"
#: direction controls that could break out of the isolate
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def esc(text: str) -> str:
    """Escape a text for an HTML message, also for a double-quoted attribute."""
    return escape(text, quote=True)


def cut(text: str, limit: int) -> str:
    """Cut to at most `limit` characters, with an ellipsis if something was cut. To be done before escaping."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def bare(text: str) -> str:
    """Remove direction controls. Enough for buttons, which are not HTML."""
    return text.translate(_CONTROLS)


def isolate(text: str, limit: int = 80) -> str:
    """Cut and escape a name or title for the middle of a sentence, and isolate its direction."""
    return f"{_ISOLATE}{esc(cut(bare(text), limit))}{_END}"
