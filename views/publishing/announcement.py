"""What subscribers see of an announcement besides its text and picture."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup


def announcement_keyboard(label: str, url: str) -> InlineKeyboardMarkup:
    """Return the button below an announcement."""
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text=label, url=url)]])
