"""The screen of the storage channel."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from views.navigation import Section, parent
from views.screens import Screen
from views.storage.keyboards import change_button


def storage(html: str, rows: Sequence[Sequence[InlineKeyboardButton]] = ()) -> Screen:
    """Return where posts are kept, or what is missing there with the buttons that mend it."""
    return Screen(html, (*(list(row) for row in rows), [change_button()]), parent(Section.SETTINGS))
