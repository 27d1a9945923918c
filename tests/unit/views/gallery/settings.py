"""The settings panel: every group for every role, every setting with its longest values, and what follows a press."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.settings import FIELDS, TEXTS, AccessMode, BotSettings, Control, Group, ShortenerFailure, field_of, limits_of
from core.settings.changes import LastChange, SettingsNow
from core.team.admins import Role
from views.screens import Screen
from views.settings import field_screens, panel, texts
from views.settings.callbacks import SetButton
from views.settings.field_screens import Seen
from views.undo import undo_button

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_LONG_NAME = "\u202e<Бob> & " + "W" * 60
_USUAL = BotSettings()


def _longest(name: str) -> Any:
    """The value with the longest words."""
    field, limits = field_of(name), limits_of(name)
    match field.control:
        case Control.NUMBER | Control.DURATION:
            return limits.highest
        case Control.TEXT:
            return "<b>" + "&lt;" * (TEXTS[name].typed_max - 8) + "</b>\n" * 1 + "W\nW\nW\n"
        case Control.LINE:
            return "<" * (limits.longest or 0)
        case Control.LINK:
            return "https://example.org/" + "w" * 236
        case Control.CHOICE:
            return {"access_mode": AccessMode.CREDITS, "on_shortener_failure": ShortenerFailure.DIRECT}[name]
        case Control.SWITCH:
            return True
    return {"cover_photo": 10**9, "maintenance_until": _NOW}.get(name, -(2**52))


_LONGEST = BotSettings.model_validate({field.name: _longest(field.name) for field in FIELDS})
_CHANGES = {field.name: LastChange(by=10**15, name=_LONG_NAME, at=_NOW) for field in FIELDS}
_STATES = {
    "usual": SettingsNow(_USUAL, _USUAL, {}),
    "longest": SettingsNow(_LONGEST, _USUAL, _CHANGES),
    "least": SettingsNow(_USUAL.model_copy(update={"daily_token_limit": 1, "pass_hours": 50}), _USUAL, _CHANGES),
}
_UNDO = undo_button("a" * 8)
_SHOWN = [field for field in FIELDS if field.control not in (Control.ELSEWHERE, Control.CHANNEL)]


def _seen(state: str) -> Seen:
    return Seen(_STATES[state], _NOW, _ZONE)


def _mine(name: str) -> str:
    return SetButton(name=name, value="9999999999", seen="9999999999").pack()


SCREENS: dict[str, Screen] = {
    **{f"groups, {role}, {state}": panel.settings_screen(now, role) for role in Role for state, now in _STATES.items()},
    **{
        f"{group}, {role}, {state}": panel.group_screen(group, now, role)
        for group in Group
        for role in Role
        for state, now in _STATES.items()
    },
    **{
        f"{field.name} turned": panel.group_screen(field.group, _STATES["longest"], Role.OWNER)
        .with_note(panel.turned(field, _STATES["longest"]))
        .with_row(_UNDO)
        for field in FIELDS
        if field.control is Control.SWITCH
    },
    **{
        f"{field.name}, {state}": field_screens.field_screen(field, _seen(state), _UNDO)
        for field in _SHOWN
        for state in _STATES
    },
    **{f"{field.name} asked": field_screens.question(field) for field in _SHOWN},
    **{
        f"{field.name} in conflict": field_screens.conflict_screen(field, _seen("longest"), _mine(field.name))
        for field in _SHOWN
    },
    **{f"{name} to save": field_screens.save_screen(field_of(name), _longest(name)) for name in TEXTS},
    **{
        f"confirm {mode}, {state}": field_screens.confirm_screen(
            field_of("access_mode"),
            mode,
            _seen(state),
            texts.of_access("access_mode", "open", mode, has_shorteners=False, has_page=False).strip(),
        )
        for mode in AccessMode
        for state in _STATES
    },
}
