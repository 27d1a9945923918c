"""The settings panel: its groups, and the settings of one group."""

from aiogram.types import InlineKeyboardButton

from core.settings import FIELDS, Control, Group, SettingField, field_of
from core.settings.changes import SettingsNow
from core.team.admins import Role
from core.team.rights import Right, may
from views.buttons import Row, button
from views.html import cut, esc
from views.navigation import MENU, GroupButton, Section, data_of, open_button, parent
from views.navigation import NAMES as SECTION_NAMES
from views.screen_limits import WIDE_MAX
from views.screens import Parent, Screen, in_pairs
from views.settings.callbacks import FieldButton, SetButton, seen_of, to_button
from views.settings.words import value_words

NAMES = {
    Group.ACCESS: "Access",
    Group.UNLOCKING: "Unlocking",
    Group.TEXTS: "Texts",
    Group.PUBLISHING: "Publishing",
    Group.BOTS: "Bots",
    Group.SYSTEM: "System",
}
_SENTENCES = {
    Group.ACCESS: "Who gets a post, what it costs, and how long it stays.",
    Group.UNLOCKING: "How subscribers earn credits or a pass.",
    Group.TEXTS: "What subscribers and your channel read.",
    Group.PUBLISHING: "Announcements in your channels, and news.",
    Group.BOTS: "What concerns the bots themselves.",
    Group.SYSTEM: "Where posts are kept, and how long everything is.",
}
#: rows that open another subject's screen and hold no setting: the first of a group, or behind a setting
_FIRST = {Group.UNLOCKING: Section.SHORTENERS, Group.BOTS: Section.RENEWAL}
_BEHIND = {"cover_photo": Section.SLOTS}
#: settings that are chosen on another subject's screen
_ELSEWHERE = {
    "public_channel_id": Section.CHANNELS,
    "cover_photo": Section.DEFAULT_COVER,
    "storage_channel_id": Section.STORAGE,
}
#: what a role needs to see a row that opens another subject's screen
_NEEDED = {
    Section.SHORTENERS: Right.SHORTENERS,
    Section.CHANNELS: Right.CHANNELS,
    Section.DEFAULT_COVER: Right.SETTINGS,
    Section.SLOTS: Right.SETTINGS,
    Section.RENEWAL: Right.RENEW_BUTTONS,
    Section.STORAGE: Right.STORAGE,
}
#: settings named on the first screen
_SUMMARY = ("access_mode", "delete_after_minutes", "protect_content")


def settings_screen(now: SettingsNow, role: Role) -> Screen:
    """Return the groups."""
    named = [field_of(name) for name in _SUMMARY]
    lines = [f"{field.label}: {esc(value_words(field, now.value(field.name)))}" for field in named]
    groups = [group for group in Group if _rows(group, now, role)]
    buttons = [button(NAMES[group], GroupButton(group=group).pack()) for group in groups]
    return Screen("\n".join(["<b>Settings</b>", "", *lines]), in_pairs(buttons), MENU)


def group_screen(group: Group, now: SettingsNow, role: Role) -> Screen:
    """Return the settings of one group, without those the role may not change."""
    text = f"<b>{NAMES[group]}</b>\n{_SENTENCES[group]}"
    return Screen(text, tuple(_rows(group, now, role)), parent(Section.SETTINGS))


def group_parent(field: SettingField) -> Parent:
    """Return the group as the parent of a setting's screen."""
    return Parent(NAMES[field.group], GroupButton(group=field.group).pack())


def turned(field: SettingField, now: SettingsNow) -> str:
    """Say what a switch that was just turned means. HTML."""
    return f"<b>{field.label}: {value_words(field, now.value(field.name))}</b>\n{esc(field.sentence)}"


def _rows(group: Group, now: SettingsNow, role: Role) -> list[Row]:
    buttons = _opening(_FIRST.get(group), role)
    for field in (one for one in FIELDS if one.group is group):
        buttons += [_button(field, now)] if _is_shown(field, role) else []
        buttons += _opening(_BEHIND.get(field.name), role)
    return [[one] for one in buttons]


def _opening(section: Section | None, role: Role) -> list[InlineKeyboardButton]:
    """Return the button that opens a screen of another subject, if there is one and the role may see it."""
    if section is None or not may(role, _NEEDED[section]):
        return []
    return [open_button(section, f"{SECTION_NAMES[section]} ›")]


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
