"""What /set answers, and short sentences of the panel. Made from the table of settings."""

from typing import Any

from core.settings import AccessMode, BotSettings, Control, SettingField
from core.settings.reading import expected
from views.html import esc
from views.settings.words import value_words

USAGE = (
    "To change a setting: <code>/set NAME VALUE</code>, for example <code>/set delete_after_minutes 60</code>.\n"
    "/settings shows all of them, with buttons."
)
QUESTION_LOST = "I have lost track of what I asked. /settings opens the panel again."
CHOSEN_BY_PICKER = "The storage channel is chosen with /start, which also checks both bots' rights in it."


def one_setting(field: SettingField, settings: BotSettings) -> str:
    """Return the answer to `/set NAME` without a value."""
    value = getattr(settings, field.name)
    source = f"\n\n<code>{esc(value)}</code>" if field.control is Control.TEXT and value else ""
    return (
        f"<b>{field.label}</b>: {_value(field, value)}\n{esc(field.sentence)} {esc(expected(field))}{source}\n\n"
        f"To change it: <code>/set {field.name} VALUE</code>"
    )


def changed(field: SettingField, before: Any, after: Any) -> str:
    if before == after:
        return f"<b>{field.label}</b> is {_value(field, after)} already."
    if field.control is Control.TEXT and after:
        return f"<b>{field.label}</b> is now:\n\n{after}"
    return f"<b>{field.label}</b> is now {_value(field, after)} (it was {_value(field, before)})."


def stands_already(field: SettingField, value: Any) -> str:
    """Answer a press that changes nothing. Plain text."""
    return f"{field.label}: {value_words(field, value)}. Nothing to change."


def conflict(field: SettingField, name: str, value: Any) -> str:
    """Say that somebody else changed the setting meanwhile."""
    return f"{esc(name) or 'Somebody'} changed this to {_value(field, value)} a moment ago. Yours is not saved."


def _value(field: SettingField, value: Any) -> str:
    return esc(value_words(field, value))


def of_access(name: str, before: Any, after: Any, *, has_shorteners: bool, has_page: bool) -> str:
    """Return a note after `changed`, when access becomes required without a shortener; else ""."""
    if name != "access_mode" or before == after or after == AccessMode.OPEN or has_shorteners:
        return ""
    how = "a page of yours with a single button" if has_page else "a link that leads straight back to the user bot"
    return (
        f"\n\n<b>There is no shortener</b>: subscribers unlock by {how}. You earn nothing by it, and everybody can "
        "do it again, up to “Unlocks a day”."
    )
