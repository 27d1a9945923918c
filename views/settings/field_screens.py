"""The screen of one setting, and what follows from its buttons."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.settings import TEXTS, AccessMode, BotSettings, Control, SettingField, limits_of
from core.settings.changes import SettingsNow
from core.settings.fields import amount_words, may_be_empty
from core.settings.reading import expected
from core.templates import without_tags
from views.buttons import PRIMARY, Row, button
from views.conflicts import conflict
from views.html import cut, esc, isolate
from views.language import _, ngettext, pgettext
from views.screen_limits import fits
from views.screens import Parent, Screen, in_pairs
from views.settings.callbacks import (
    AskButton,
    ConfirmedButton,
    FieldButton,
    SaveButton,
    SetButton,
    ShowButton,
    seen_of,
    to_button,
)
from views.settings.panel import group_parent
from views.settings.samples import length_words
from views.settings.words import value_words
from views.times import date_and_time

#: the steps of a number
_STEPS = (-10, -1, 1, 10)
#: characters of a Back button's name beside `Menu`
_NAME_MAX = 17
#: characters of a long text on the setting's own screen
_TEXT_MAX = 300
_CHECK = "✓ "


@dataclass(frozen=True, slots=True)
class Seen:
    """What screens of settings show besides the setting."""

    now: SettingsNow
    at: datetime
    zone: ZoneInfo


def field_screen(field: SettingField, seen: Seen, undo: InlineKeyboardButton | None = None) -> Screen:
    """Return one setting: what it is, its value, its usual value, who changed it, and its control."""
    value, usual = seen.now.value(field.name), getattr(seen.now.usual, field.name)
    lines = [f"<b>{field.label}</b>", esc(field.sentence), "", _("Now: {value}").format(value=_shown(field, value))]
    lines.append(_("Usually: {value}").format(value=esc(value_words(field, usual))))
    lines += _changed_by(field, seen)
    rows = [*_control(field, value), _extra(field, value), _below(field, value, usual), [undo] if undo else []]
    return Screen("\n".join(lines), tuple(row for row in rows if row), group_parent(field))


def question(field: SettingField) -> Screen:
    """Ask for a value."""
    return Screen(f"<b>{field.label}</b>\n{esc(_asked(field))}", (), _field_parent(field))


def save_screen(field: SettingField, html: str) -> Screen:
    """Ask whether a text is saved that was just shown as its readers get it."""
    length = esc(length_words(field.name, html))
    if field.name == "contact":
        sentence = _("Above it stands: {length}").format(length=length)
    else:
        sentence = _("Above it stands with the longest values: {length}").format(length=length)
    return Screen(
        f"<b>{field.label}</b>\n{sentence}",
        (
            [
                button(_("Save"), SaveButton(name=field.name).pack(), style=PRIMARY),
                button(_("Again"), AskButton(name=field.name).pack()),
            ],
        ),
        _field_parent(field),
    )


def confirm_screen(field: SettingField, value: Any, seen: Seen, note: str) -> Screen:
    """Say what a change of “Who gets posts” means. `note`: what it means without a shortener, HTML."""
    settings = seen.now.settings
    data = ConfirmedButton(
        name=field.name, value=to_button(value), seen=seen_of(field, seen.now.value(field.name))
    ).pack()
    words = value_words(field, value)
    head = _("<b>{label}: {value}?</b>").format(label=field.label, value=words)
    return Screen(
        "\n".join(part for part in (head, _meaning(AccessMode(value), settings), note) if part),
        ([button(words[:1].upper() + words[1:], data, style=PRIMARY)],),
        _field_parent(field),
    )


def conflict_screen(field: SettingField, seen: Seen, save_mine: str) -> Screen:
    """Say who else changed the setting a moment ago. `save_mine`: callback data."""
    last = seen.now.changes.get(field.name)
    return conflict(
        last.name if last else "",
        esc(value_words(field, seen.now.value(field.name))),
        save_mine=save_mine,
        keep_theirs=FieldButton(name=field.name).pack(),
        parent=group_parent(field),
    )


def _meaning(mode: AccessMode, settings: BotSettings) -> str:
    """Say what a mode means for subscribers."""
    if mode is AccessMode.OPEN:
        return _("From now on posts cost nothing. Credits and passes stay for the day you change this again.")
    if mode is AccessMode.CREDITS:
        each = settings.free_deliveries_per_token
        return ngettext(
            "From now on a post costs 1 credit, and one unlock gives {count} credit. Passes stay valid.",
            "From now on a post costs 1 credit, and one unlock gives {count} credits. Passes stay valid.",
            each,
        ).format(count=f"{each:,}")
    hours = settings.pass_hours
    return ngettext(
        "From now on posts are for those with a pass, and one unlock gives one for {count} hour. Credits stay valid.",
        "From now on posts are for those with a pass, and one unlock gives one for {count} hours. Credits stay valid.",
        hours,
    ).format(count=hours)


def _shown(field: SettingField, value: Any) -> str:
    """Return a value for the text of the screen, HTML: a short text with its formatting, a long one cut."""
    if field.control is not Control.TEXT or value is None:
        return f"<b>{esc(value_words(field, value, _TEXT_MAX))}</b>"
    whole = f"\n{value}"
    return (
        whole
        if fits(f"\n\n\n\n\n\n{whole}") and len(without_tags(value)) <= _TEXT_MAX
        else (f"\n{esc(cut(' '.join(without_tags(value).split()), _TEXT_MAX))}")
    )


def _changed_by(field: SettingField, seen: Seen) -> list[str]:
    last = seen.now.changes.get(field.name)
    if last is None:
        return []
    name, time = isolate(last.name or str(last.by), 40), date_and_time(last.at, seen.zone, seen.at)
    return [_("Changed by {name}, {time}").format(name=name, time=time)]


def _asked(field: SettingField) -> str:
    known = TEXTS[field.name].placeholders if field.control is Control.TEXT else {}
    if field.control is not Control.TEXT:
        return _("Send the new value. {expected}").format(expected=expected(field))
    if not known:
        return _("Send the text, formatted as you like it. {expected}").format(expected=expected(field))
    placeholders = ", ".join(f"{{{name}}}" for name in known)
    return _("Send the text, formatted as you like it. Placeholders: {placeholders}. {expected}").format(
        placeholders=placeholders, expected=expected(field)
    )


def _field_parent(field: SettingField) -> Parent:
    return Parent(cut(field.label, _NAME_MAX), FieldButton(name=field.name).pack())


def _set(field: SettingField, text: str, value: Any, current: Any) -> InlineKeyboardButton:
    return button(text, SetButton(name=field.name, value=to_button(value), seen=seen_of(field, current)).pack())


def _control(field: SettingField, value: Any) -> list[Row]:
    match field.control:
        case Control.NUMBER:
            limits = limits_of(field.name)
            least, most = limits.lowest or 0, limits.highest or 0
            targets = {f"{step:+d}".replace("-", "−"): min(max(value + step, least), most) for step in _STEPS}
            return [[_set(field, words, target, value) for words, target in targets.items()]]
        case Control.DURATION:
            offered: list[tuple[str, Any]] = [(amount_words(field, one), one) for one in field.offered]
            if field.never:
                # “off” is the least, “never” the most
                place = 0 if field.never_source == "off" else len(offered)
                has_none = may_be_empty(field.name)
                offered.insert(place, (field.never, None if has_none else 0))
            return [*in_pairs([_choice(field, words, one, value) for words, one in offered])]
        case Control.CHOICE:
            return [[_choice(field, words, one, value)] for one, words in field.words.items()]
        case Control.SWITCH:
            return [[_set(field, _("Turn off") if value else _("Turn on"), not value, value)]]
    return []


def _choice(field: SettingField, words: str, value: Any, current: Any) -> InlineKeyboardButton:
    return _set(field, f"{_CHECK}{words}" if value == current else words, value, current)


def _below(field: SettingField, value: Any, usual: Any) -> Row:
    """Return the row below the control: `Type it`, what shows the value, `Usual value`."""
    row = []
    if field.control in (Control.NUMBER, Control.DURATION):
        row.append(button(_("Type it"), AskButton(name=field.name).pack()))
    elif field.control in (Control.TEXT, Control.LINE, Control.LINK):
        row.append(button(pgettext("button", "Change"), AskButton(name=field.name).pack(), style=PRIMARY))
    if value != usual:
        row.append(_set(field, _("Usual value"), usual, value))
    return row


def _extra(field: SettingField, value: Any) -> Row:
    """Return the row that shows the value where it is used: the how-to page, a text as its readers get it."""
    if value is None:
        return []
    if field.control is Control.LINK:
        return [InlineKeyboardButton(text=pgettext("button", "Open"), url=value)]
    return [button(_("Show it"), ShowButton(name=field.name).pack())] if field.control is Control.TEXT else []
