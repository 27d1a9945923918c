"""The `Undo` button, below what was just changed."""

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton
from pydantic import Field

from views.buttons import button
from views.language import _

#: characters of the name of a stored step
UNDO_NAME_LENGTH = 8


class UndoButton(CallbackData, prefix="un"):
    """Take back one step. `name`: of the step stored with the conversation."""

    name: str = Field(max_length=UNDO_NAME_LENGTH)


def undo_button(name: str) -> InlineKeyboardButton:
    return button(_("Undo"), UndoButton(name=name).pack())
