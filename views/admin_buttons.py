"""What the keyboards of the admin bot are put together from."""

from collections.abc import Sequence

from aiogram.types import ChatAdministratorRights, InlineKeyboardButton, InlineKeyboardMarkup

Row = list[InlineKeyboardButton]

#: pages a list button may name; far beyond what anyone turns by hand
PAGE_MAX = 9999


def button(text: str, data: str) -> InlineKeyboardButton:
    """A button that comes back with `data` (at most 64 bytes)."""
    return InlineKeyboardButton(text=text, callback_data=data)


def keyboard(*rows: Row) -> InlineKeyboardMarkup:
    """The rows that have anything in them."""
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])


def rights(wanted: Sequence[str]) -> ChatAdministratorRights:
    """Administrator rights by the names links use (`post_messages`); what is not named is not asked for."""
    named = {f"can_{name}": True for name in wanted}
    needed = [
        name
        for name, field in ChatAdministratorRights.model_fields.items()
        if field.is_required() and name not in named
    ]
    return ChatAdministratorRights.model_validate({**dict.fromkeys(needed, False), **named})
