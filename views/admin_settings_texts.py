"""The settings as a plain list, generated from their model."""

from typing import Any

from annotated_types import Ge, Le

from core.settings import BotSettings
from views.html import cut, esc

#: characters of a value in the list; longer texts are shown by `/set NAME`
_SHORT = 40

USAGE = (
    "To change a setting: <code>/set NAME VALUE</code>, for example <code>/set delete_after_minutes 60</code>.\n"
    "/settings lists all of them."
)
CHOSEN_BY_PICKER = "The storage channel is chosen with /start, which also checks both bots' rights in it."


def shown(value: Any) -> str:
    """A value the way it is typed in /set; plain text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _range(name: str) -> str:
    lowest = highest = None
    for mark in BotSettings.model_fields[name].metadata:
        lowest = mark.ge if isinstance(mark, Ge) else lowest
        highest = mark.le if isinstance(mark, Le) else highest
    if lowest is None or highest is None or str(highest) in (BotSettings.model_fields[name].description or ""):
        return ""
    return f" ({lowest} to {highest})"


def _meaning(name: str) -> str:
    return esc((BotSettings.model_fields[name].description or "") + _range(name))


def settings_list(settings: BotSettings) -> str:
    """Every setting: name = value, and what it means."""
    lines = ["<b>Settings</b>"]
    for name in BotSettings.model_fields:
        value = esc(cut(" ".join(shown(getattr(settings, name)).split()), _SHORT))
        lines.append(f"<code>{name}</code> = <b>{value}</b>\n{_meaning(name)}")
    lines.append(USAGE)
    return "\n\n".join(lines)


def one_setting(name: str, settings: BotSettings) -> str:
    """Asked with `/set NAME` and no value."""
    return (
        f"<code>{name}</code> = <b>{esc(shown(getattr(settings, name)))}</b>\n{_meaning(name)}\n\n"
        f"To change it: <code>/set {name} VALUE</code>"
    )


def changed(name: str, before: Any, after: Any) -> str:
    if before == after:
        return f"<code>{name}</code> is <b>{esc(cut(shown(after), 900))}</b> already."
    return f"<code>{name}</code> is now <b>{esc(cut(shown(after), 900))}</b> (it was {esc(cut(shown(before), 200))})."
