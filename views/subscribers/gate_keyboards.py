"""Buttons of the gate that stand below a message of their own."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from views.language import _
from views.subscribers.callbacks import GetAgain


def get_it(code: str) -> InlineKeyboardMarkup:
    """Deliver the post that waited for the unlock."""
    button = InlineKeyboardButton(text=_("Get the post"), callback_data=GetAgain(code=code).pack())
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
