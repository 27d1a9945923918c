"""Buttons of /stats."""

from aiogram.types import InlineKeyboardMarkup

from views.admin_buttons import button, keyboard
from views.statistics.callbacks import SPANS, CountButton, PicturesButton


def statistics() -> InlineKeyboardMarkup:
    """Which days the pictures shall show, and counting anew."""
    return keyboard(
        [button(f"{days} days", PicturesButton(days=days).pack()) for days in SPANS],
        [button("Refresh", CountButton().pack())],
    )
