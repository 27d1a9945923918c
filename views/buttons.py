"""The building blocks of the admin bot's keyboards."""

from collections.abc import Sequence

from aiogram.types import ChatAdministratorRights, InlineKeyboardButton, InlineKeyboardMarkup

Row = list[InlineKeyboardButton]

#: the highest page a button may name; far more than anyone opens by hand
PAGE_MAX = 9999


#: colours of buttons: one main action of a screen, and what nothing brings back on a confirm screen. Nothing depends on
#: them: older apps show all buttons alike
PRIMARY, DANGER = "primary", "danger"


def button(text: str, data: str, *, style: str | None = None) -> InlineKeyboardButton:
    """Make a button whose press sends `data` (at most 64 bytes)."""
    return InlineKeyboardButton(text=text, callback_data=data, style=style)


def keyboard(*rows: Row) -> InlineKeyboardMarkup:
    """Make a keyboard of the rows that are not empty."""
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])


def rights(wanted: Sequence[str]) -> ChatAdministratorRights:
    """Make administrator rights from their names in links (`post_messages`); others are not requested."""
    named = {f"can_{name}": True for name in wanted}
    needed = [
        name
        for name, field in ChatAdministratorRights.model_fields.items()
        if field.is_required() and name not in named
    ]
    return ChatAdministratorRights.model_validate({**dict.fromkeys(needed, False), **named})
