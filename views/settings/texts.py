"""What /set answers, and short sentences of the panel. Made from the table of settings."""

from typing import Any

from core.settings import AccessMode, BotSettings, Control, SettingField
from core.settings.reading import expected
from views.conflicts import changed_meanwhile
from views.html import esc
from views.language import _
from views.settings.words import value_words


def usage() -> str:
    return _(
        "To change a setting: <code>/set NAME VALUE</code>, for example <code>/set delete_after_minutes 60</code>.\n"
        "/settings shows all of them, with buttons."
    )


def question_lost() -> str:
    return _("I have lost track of what I asked. /settings opens the panel again.")


def chosen_by_picker() -> str:
    return _("The storage channel is chosen with /start, which also checks both bots' rights in it.")


def one_setting(field: SettingField, settings: BotSettings) -> str:
    """Return the answer to `/set NAME` without a value."""
    value = getattr(settings, field.name)
    source = f"\n\n<code>{esc(value)}</code>" if field.control is Control.TEXT and value else ""
    head = f"<b>{field.label}</b>: {_value(field, value)}\n{esc(field.sentence)} {esc(expected(field))}{source}"
    return "\n\n".join((head, _("To change it: <code>/set {name} VALUE</code>").format(name=field.name)))


def changed(field: SettingField, before: Any, after: Any) -> str:
    if before == after:
        return _("<b>{label}</b> is {value} already.").format(label=field.label, value=_value(field, after))
    if field.control is Control.TEXT and after:
        return _("<b>{label}</b> is now:\n\n{text}").format(label=field.label, text=after)
    return _("<b>{label}</b> is now {value} (it was {before}).").format(
        label=field.label, value=_value(field, after), before=_value(field, before)
    )


def stands_already(field: SettingField, value: Any) -> str:
    """Answer a press that changes nothing. Plain text."""
    return _("{label}: {value}. Nothing to change.").format(label=field.label, value=value_words(field, value))


def conflict(field: SettingField, name: str, value: Any) -> str:
    """Say that somebody else changed the setting meanwhile."""
    return changed_meanwhile(esc(name), _value(field, value))


def _value(field: SettingField, value: Any) -> str:
    return esc(value_words(field, value))


def of_access(name: str, before: Any, after: Any, *, has_shorteners: bool, has_page: bool) -> str:
    """Return a note after `changed`, when access becomes required without a shortener; else ""."""
    if name != "access_mode" or before == after or after == AccessMode.OPEN or has_shorteners:
        return ""
    if has_page:
        words = _(
            "<b>There is no shortener</b>: subscribers unlock by a page of yours with a single button. You earn "
            "nothing by it, and everybody can do it again, up to “Unlocks a day”."
        )
    else:
        words = _(
            "<b>There is no shortener</b>: subscribers unlock by a link that leads straight back to the user bot. You "
            "earn nothing by it, and everybody can do it again, up to “Unlocks a day”."
        )
    return f"\n\n{words}"
