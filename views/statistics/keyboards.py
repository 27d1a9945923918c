"""Buttons of /stats."""

from aiogram.types import InlineKeyboardMarkup

from views.buttons import button, keyboard
from views.statistics.callbacks import SPANS, CountButton, PicturesButton


def statistics() -> InlineKeyboardMarkup:
    """Return the choice of days for the pictures, and a new count."""
    return keyboard(
        [button(f"{days} days", PicturesButton(days=days).pack()) for days in SPANS],
        [button("Refresh", CountButton().pack())],
    )
