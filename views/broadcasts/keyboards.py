"""The buttons below a broadcast, the same for subscribers and in an admin's preview."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from core.broadcasts import LinkButton
from views.broadcasts.callbacks import StopNews
from views.language import _


def stop_news() -> str:
    """Return the button that turns news off; subscribers read it."""
    return _("No more of these messages")


def below_broadcast(buttons: Sequence[LinkButton], *, has_stop_button: bool) -> InlineKeyboardMarkup | None:
    """Return one button per row; None without buttons: then a copy keeps those of the original."""
    rows = [[InlineKeyboardButton(text=button.text, url=button.url)] for button in buttons]
    if has_stop_button:
        rows.append([InlineKeyboardButton(text=stop_news(), callback_data=StopNews().pack())])
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
