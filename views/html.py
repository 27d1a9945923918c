"""Escaping: the only place where text of other people becomes HTML (DESIGN §7.11)."""

from html import escape

from core.templates import bare, isolated

__all__ = ["bare", "cut", "esc", "isolate"]


def esc(text: str) -> str:
    """Escape a text for an HTML message, also for a double-quoted attribute."""
    return escape(text, quote=True)


def cut(text: str, limit: int) -> str:
    """Cut to at most `limit` characters, with an ellipsis if something was cut. To be done before escaping."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def isolate(text: str, limit: int = 80) -> str:
    """Cut and escape a name or title for the middle of a sentence, and isolate its direction."""
    return esc(isolated(cut(bare(text), limit)))
