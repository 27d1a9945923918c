"""The one place where foreign text meets HTML (DESIGN §7.11)."""

from html import escape


def esc(text: str) -> str:
    """Text a person typed or is called, safe inside an HTML message and inside a double-quoted attribute."""
    return escape(text, quote=True)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis when something was cut. Cut before you escape."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
