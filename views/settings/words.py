"""Values of settings in words."""

from typing import Any

from core.settings import Control, SettingField
from core.settings.announcing import DEFAULT_LABEL
from core.settings.fields import amount_words
from core.templates import without_tags
from views.html import cut

#: what holds while the owners have set nothing
_OF_NONE = {
    "welcome_text": "the bot's own",
    "deleted_text": "the bot's own",
    "post_template": "title and text",
    "button_label": DEFAULT_LABEL,
}


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
        return _OF_NONE.get(field.name, "none")
    text = without_tags(str(value)) if field.control is Control.TEXT else str(value)
    return cut(" ".join(text.split()), longest)
