"""Values of settings in words."""

from typing import Any

from core.settings import Control, SettingField
from core.settings.announcing import DEFAULT_LABEL
from core.settings.fields import amount_words
from core.templates import without_tags
from views.html import cut


def value_words(field: SettingField, value: Any, longest: int = 40) -> str:
    """Return the value of a setting in words, in one line. Plain text."""
    match field.control:
        case Control.DURATION:
            return amount_words(field, value) if value else field.never or "0"
        case Control.CHOICE:
            return field.words[str(value)]
        case Control.SWITCH:
            return "on" if value else "off"
        case Control.NUMBER:
            return f"{value:,}"
    if value is None:
        return _nothing(field)
    text = without_tags(str(value)) if field.control is Control.TEXT else str(value)
    return cut(" ".join(text.split()), longest)


def _nothing(field: SettingField) -> str:
    if field.name == "button_label":
        return DEFAULT_LABEL
    return "as usual" if field.control is Control.TEXT and field.name != "contact" else "none"
