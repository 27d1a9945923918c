"""What admins read of the settings, generated from their model."""

from typing import Any

from core.settings import NOT_USED_YET, AccessMode, BotSettings, meaning
from views.html import cut, esc

#: characters of a value in the list; longer texts are shown by `/set NAME`
_SHORT = 40

USAGE = (
    "To change a setting: <code>/set NAME VALUE</code>, for example <code>/set delete_after_minutes 60</code>.\n"
    "/settings lists all of them."
)
CHOSEN_BY_PICKER = "The storage channel is chosen with /start, which also checks both bots' rights in it."


def shown(value: Any) -> str:
    """Return a value as it is typed in /set. Plain text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _meaning(name: str) -> str:
    return esc(meaning(name))


def settings_list(settings: BotSettings, configured_storage: int | None = None) -> str:
    """Return every setting with its value and meaning; settings without effect come last.

    `configured_storage`: STORAGE_CHANNEL_ID, which is used while no channel is chosen.
    """
    used = [name for name in BotSettings.model_fields if name not in NOT_USED_YET]
    lines = ["<b>Settings</b>", *(_entry(name, settings) for name in used)]
    if settings.storage_channel_id is None and configured_storage is not None:
        lines.append(f"The storage channel is <b>{configured_storage}</b>, from STORAGE_CHANNEL_ID in the environment.")
    lines.append("<b>Not used yet</b>: kept, and without effect in this version")
    lines += [_entry(name, settings) for name in BotSettings.model_fields if name in NOT_USED_YET]
    lines.append(USAGE)
    return "\n\n".join(lines)


def _entry(name: str, settings: BotSettings) -> str:
    value = esc(cut(" ".join(shown(getattr(settings, name)).split()), _SHORT))
    return f"<code>{name}</code> = <b>{value}</b>\n{_meaning(name)}"


def one_setting(name: str, settings: BotSettings) -> str:
    """Return the answer to `/set NAME` without a value."""
    return (
        f"<code>{name}</code> = <b>{esc(shown(getattr(settings, name)))}</b>\n{_meaning(name)}{_unused(name)}\n\n"
        f"To change it: <code>/set {name} VALUE</code>"
    )


def _unused(name: str) -> str:
    return "\n<b>Not used yet</b>: it has no effect in this version." if name in NOT_USED_YET else ""


def changed(name: str, before: Any, after: Any) -> str:
    if before == after:
        return f"<code>{name}</code> is <b>{esc(cut(shown(after), 900))}</b> already.{_unused(name)}"
    now = f"<code>{name}</code> is now <b>{esc(cut(shown(after), 900))}</b> (it was {esc(cut(shown(before), 200))})."
    return now + _unused(name)


def of_access(name: str, before: Any, after: Any, *, has_shorteners: bool, has_page: bool) -> str:
    """Return a note after `changed`, when access becomes required without a shortener; else ""."""
    if name != "access_mode" or before == after or after == AccessMode.OPEN or has_shorteners:
        return ""
    how = "a page of yours with a single button" if has_page else "a link that leads straight back to the user bot"
    return (
        "\n\n<b>There is no shortener</b>, so people verify by the user bot's "
        f"own link: {how}. Nothing is earned by it, and everybody can do it again up to daily_token_limit times a day."
    )
