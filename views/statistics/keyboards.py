"""Buttons of the statistics."""

from views.buttons import Row, button
from views.statistics.callbacks import SPANS, CountButton, NumbersButton, PicturesButton


def _name(days: int) -> str:
    return "Today" if days == 1 else f"{days} days"


def statistics(span: int) -> tuple[Row, ...]:
    """Return the choice of days, the pictures of the chosen ones, and a new count."""
    choices = [
        button(f"{'✓ ' if days == span else ''}{_name(days)}", NumbersButton(days=days).pack()) for days in SPANS
    ]
    return (
        choices[:2],
        choices[2:],
        [button("Pictures", PicturesButton(days=span).pack()), button("Refresh", CountButton(days=span).pack())],
    )
