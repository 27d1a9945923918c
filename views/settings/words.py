"""Values of settings in words."""

from typing import Any

from core.settings import Control, SettingField
from core.settings.announcing import DEFAULT_LABEL
from core.settings.fields import amount_words, on_or_off
from core.templates import without_tags
from views.html import cut
from views.language import _, pgettext


def value_words(field: SettingField, value: Any, longest: int = 40) -> str:
    """Return the value of a setting in words, in one line. Plain text."""
    match field.control:
        case Control.DURATION:
            return amount_words(field, value) if value else field.never or "0"
        case Control.CHOICE:
            return field.words[str(value)]
        case Control.SWITCH:
            return on_or_off(is_on=bool(value))
        case Control.NUMBER:
            return f"{value:,}"
    if value is None:
        return _unset(field.name)
    text = without_tags(str(value)) if field.control is Control.TEXT else str(value)
    return cut(" ".join(text.split()), longest)


def _unset(name: str) -> str:
    """Say what holds while the owners have set nothing."""
    match name:
        case "welcome_text" | "deleted_text":
            return _("the bot's own")
        case "post_template":
            return _("title and text")
        case "button_label":
            return DEFAULT_LABEL
    return pgettext("value of a setting", "none")
