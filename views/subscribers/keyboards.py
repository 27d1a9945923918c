"""Buttons of the user bot."""

from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from views.subscribers.callbacks import Close, GetAgain


def get_again(code: str, label: str = "Get it again") -> InlineKeyboardMarkup:
    """Return a button that delivers the post, and one that deletes the message."""
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=label, callback_data=GetAgain(code=code).pack())],
            [InlineKeyboardButton(text="Close", callback_data=Close().pack())],
        ]
    )


def copy_password(password: str) -> InlineKeyboardMarkup:
    """Return a button that copies the password of an archive."""
    copied = InlineKeyboardButton(text="Copy password", copy_text=CopyTextButton(text=password))
    return InlineKeyboardMarkup(inline_keyboard=[[copied]])
