"""The settings panel: its groups, and the settings of one group."""

from collections.abc import Callable, Mapping

from aiogram.types import InlineKeyboardButton

from core.settings import FIELDS, Control, Group, SettingField, field_of
from core.settings.changes import SettingsNow
from core.team.admins import Role
from core.team.rights import Right, may
from views.buttons import Row, button
from views.catalogues import own_name
from views.html import cut, esc
from views.language import _, spoken
from views.navigation import MENU, GroupButton, Section, data_of, name_of, open_button, parent
from views.screen_limits import WIDE_MAX
from views.screens import Parent, Screen, in_pairs
from views.settings.callbacks import FieldButton, SetButton, seen_of, to_button
from views.settings.words import value_words

_NAMES: Mapping[Group, Callable[[], str]] = {
    Group.ACCESS: lambda: _("Access"),
    Group.UNLOCKING: lambda: _("Unlocking"),
    Group.TEXTS: lambda: _("Texts"),
    Group.PUBLISHING: lambda: _("Publishing"),
    Group.BOTS: lambda: _("Bots"),
    Group.SYSTEM: lambda: _("System"),
}
_SENTENCES: Mapping[Group, Callable[[], str]] = {
    Group.ACCESS: lambda: _("Who gets a post, what it costs, and how long it stays."),
    Group.UNLOCKING: lambda: _("How subscribers earn credits or a pass."),
    Group.TEXTS: lambda: _("What subscribers and your channel read."),
    Group.PUBLISHING: lambda: _("Announcements in your channels, and news."),
    Group.BOTS: lambda: _("What concerns the bots themselves."),
    Group.SYSTEM: lambda: _("Where posts are kept, and how long everything is."),
}
#: rows that open another subject's screen and hold no setting: the first of a group, or behind a setting
_FIRST = {Group.UNLOCKING: Section.SHORTENERS, Group.BOTS: Section.RENEWAL}
_BEHIND = {"cover_photo": Section.SLOTS, "maintenance_until": Section.PROFILES}
#: settings that are chosen on another subject's screen
_ELSEWHERE = {
    "public_channel_id": Section.CHANNELS,
    "cover_photo": Section.DEFAULT_COVER,
    "maintenance_until": Section.MAINTENANCE,
    "storage_channel_id": Section.STORAGE,
    "old_links_channel": Section.OLD_LINKS,
}
#: what a role needs to see a row that opens another subject's screen
_NEEDED = {
    Section.SHORTENERS: Right.SHORTENERS,
    Section.CHANNELS: Right.CHANNELS,
    Section.DEFAULT_COVER: Right.SETTINGS,
    Section.SLOTS: Right.SETTINGS,
    Section.RENEWAL: Right.RENEW_BUTTONS,
    Section.STORAGE: Right.STORAGE,
    Section.MAINTENANCE: Right.MAINTENANCE,
    Section.PROFILES: Right.BOTS,
    Section.OLD_LINKS: Right.IMPORT,
}
#: settings named on the first screen
_SUMMARY = ("access_mode", "delete_after_minutes", "protect_content")


def group_name(group: Group) -> str:
    """Return the name of a group of settings."""
    return _NAMES[group]()


def settings_screen(now: SettingsNow, role: Role) -> Screen:
    """Return the groups."""
    named = [field_of(name) for name in _SUMMARY]
    lines = [f"{field.label}: {esc(value_words(field, now.value(field.name)))}" for field in named]
    groups = [group for group in Group if _rows(group, now, role)]
    buttons = [button(group_name(group), GroupButton(group=group).pack()) for group in groups]
    return Screen("\n".join([_("<b>Settings</b>"), "", *lines]), in_pairs(buttons), MENU)


def group_screen(group: Group, now: SettingsNow, role: Role) -> Screen:
    """Return the settings of one group, without those the role may not change."""
    text = f"<b>{group_name(group)}</b>\n{_SENTENCES[group]()}"
    return Screen(text, tuple(_rows(group, now, role)), parent(Section.SETTINGS))


def group_parent(field: SettingField) -> Parent:
    """Return the group as the parent of a setting's screen."""
    return Parent(group_name(field.group), GroupButton(group=field.group).pack())


def turned(field: SettingField, now: SettingsNow) -> str:
    """Say what a switch that was just turned means. HTML."""
    return f"<b>{field.label}: {value_words(field, now.value(field.name))}</b>\n{esc(field.sentence)}"


def _rows(group: Group, now: SettingsNow, role: Role) -> list[Row]:
    buttons = _opening(_FIRST.get(group), role)
    for field in (one for one in FIELDS if one.group is group):
        buttons += [_button(field, now)] if _is_shown(field, role) else []
        buttons += _opening(_BEHIND.get(field.name), role)
    if group is Group.BOTS:
        buttons.append(_my_language())
    return [[one] for one in buttons]


def _my_language() -> InlineKeyboardButton:
    text = _("My language: {language} ›").format(language=own_name(spoken()))
    return open_button(Section.LANGUAGE, text)


def _opening(section: Section | None, role: Role) -> list[InlineKeyboardButton]:
    """Return the button that opens a screen of another subject, if there is one and the role may see it."""
    if section is None or not may(role, _NEEDED[section]):
        return []
    return [open_button(section, f"{name_of(section)} ›")]


def _is_shown(field: SettingField, role: Role) -> bool:
    section = _ELSEWHERE.get(field.name)
    return section is None or may(role, _NEEDED[section])


def _button(field: SettingField, now: SettingsNow) -> InlineKeyboardButton:
    """Return the setting with its value; a switch turns at once, the others open their screen."""
    value = now.value(field.name)
    if field.control is Control.SWITCH:
        data = SetButton(name=field.name, value=to_button(not value), seen=seen_of(field, value)).pack()
        return button(f"{field.label}: {value_words(field, value)}", data)
    section = _ELSEWHERE.get(field.name)
    if section is not None:
        return button(f"{field.label} ›", data_of(section))
    words = cut(value_words(field, value), WIDE_MAX - len(field.label) - 4)
    return button(f"{field.label}: {words} ›", FieldButton(name=field.name).pack())
