"""Callback data of the settings panel. Clients can forge it: names and values are checked again."""

from enum import Enum
from typing import Any
from zlib import crc32

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.errors import BadInput
from core.settings import Control, SettingField
from core.settings.fields import may_be_empty
from core.settings.reading import expected

#: characters of a setting's name and of a value, so that the data stays below Telegram's 64 bytes
_NAME_MAX, _VALUE_MAX = 25, 10
#: controls whose values fit into a button
_SHORT = frozenset({Control.NUMBER, Control.DURATION, Control.CHOICE, Control.SWITCH})
#: stands for an empty value
_EMPTY = "-"


class FieldButton(CallbackData, prefix="sf"):
    """Show one setting."""

    name: str = Field(max_length=_NAME_MAX)


class SetButton(CallbackData, prefix="ss"):
    """Set a value; `seen`: the value the screen showed, as `seen_of` writes it."""

    name: str = Field(max_length=_NAME_MAX)
    value: str = Field(max_length=_VALUE_MAX)
    seen: str = Field(max_length=_VALUE_MAX)


class ConfirmedButton(CallbackData, prefix="sy"):
    """Set a value, on the screen that says what changes."""

    name: str = Field(max_length=_NAME_MAX)
    value: str = Field(max_length=_VALUE_MAX)
    seen: str = Field(max_length=_VALUE_MAX)


class AskButton(CallbackData, prefix="sa"):
    """Ask for a value."""

    name: str = Field(max_length=_NAME_MAX)


class ShowButton(CallbackData, prefix="ssh"):
    """Send a text as its readers get it."""

    name: str = Field(max_length=_NAME_MAX)


class SaveButton(CallbackData, prefix="sv"):
    """Save the value that was typed, which is stored with the conversation."""

    name: str = Field(max_length=_NAME_MAX)


def fingerprint(value: Any) -> str:
    """Return eight characters that differ for values that differ, but for one pair in four thousand million."""
    return f"{crc32(repr(_plain(value)).encode()):08x}"


def seen_of(field: SettingField, value: Any) -> str:
    """Return the value a screen shows as buttons carry it: itself, or the fingerprint of a text."""
    return to_button(value) if field.control in _SHORT else fingerprint(value)


def read_seen(field: SettingField, text: str) -> tuple[Any] | None:
    """Return the seen value in a tuple; None if only its fingerprint is known. Raises BadInput for a forged one."""
    return (from_button(field, text),) if field.control in _SHORT else None


def to_button(value: Any) -> str:
    """Return a value as buttons carry it. Texts do not fit: of them only the empty one."""
    plain = _plain(value)
    if plain is None:
        return _EMPTY
    return str(int(plain)) if isinstance(plain, int) else str(plain)


def from_button(field: SettingField, text: str) -> Any:
    """Return the value a button carries. Raises BadInput for one no screen of ours carries."""
    if text == _EMPTY:
        if may_be_empty(field.name):
            return None
    elif field.control is Control.SWITCH and text in ("0", "1"):
        return text == "1"
    elif field.control is Control.CHOICE and text in {str(value) for value in field.words}:
        return text
    elif field.control in (Control.NUMBER, Control.DURATION) and text.isascii() and text.isdigit():
        return int(text)
    raise BadInput(expected(field))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
