"""Buttons of a draft of a broadcast."""

from datetime import timedelta

from aiogram.types import InlineKeyboardButton

from core.segments import LISTED_DAYS, SegmentKind
from views.broadcasts.audiences import new_in_days
from views.broadcasts.compose_callbacks import (
    AudienceButton,
    ComposeAction,
    ComposeButton,
    LifetimeButton,
    SendConfirmed,
)
from views.buttons import PRIMARY, Row, button
from views.language import _, ngettext, pgettext
from views.quantities import people
from views.screens import Parent
from views.times import duration

#: choices of "active in the last … days"
DAYS_CHOICES = (7, 30)
#: choices of a lifetime, in minutes
LIFETIME_CHOICES = (10, 60, 6 * 60, 24 * 60, 47 * 60)


def _act(text: str, act: ComposeAction, draft: str) -> InlineKeyboardButton:
    return button(text, ComposeButton(act=act, draft=draft).pack())


def to_draft(draft: str) -> Parent:
    """Return the draft's own screen as the parent of a screen."""
    return Parent(_("New broadcast"), ComposeButton(act=ComposeAction.SCREEN, draft=draft).pack())


def screen(draft: str, count: int, *, silent: bool, pin: bool) -> tuple[Row, ...]:
    """Return the buttons below the draft."""
    sound = (_("Sound on"), ComposeAction.SOUND_ON) if silent else (_("Sound off"), ComposeAction.SOUND_OFF)
    pinning = (_("Don't pin"), ComposeAction.NO_PIN) if pin else (pgettext("button", "Pin"), ComposeAction.PIN)
    return (
        [
            _act(_("Audience"), ComposeAction.AUDIENCE, draft),
            _act(pgettext("button", "Buttons"), ComposeAction.ASK_BUTTONS, draft),
        ],
        [_act(*sound, draft), _act(*pinning, draft)],
        [
            _act(_("Auto-delete"), ComposeAction.LIFETIME, draft),
            _act(pgettext("button", "When"), ComposeAction.WHEN, draft),
        ],
        [_act(_("Preview"), ComposeAction.PREVIEW, draft), _act(_("Test copy to me"), ComposeAction.TEST_COPY, draft)],
        [_act(_("Send to {people}…").format(people=people(count)), ComposeAction.SEND, draft)],
        [
            _act(_("Change message"), ComposeAction.CHANGE, draft),
            _act(pgettext("button", "Cancel"), ComposeAction.CANCEL, draft),
        ],
    )


def audience(draft: str) -> tuple[Row, ...]:
    def choice(text: str, kind: SegmentKind, days: int | None = None) -> InlineKeyboardButton:
        return button(text, AudienceButton(draft=draft, kind=kind, days=days).pack())

    return (
        [
            choice(pgettext("audience", "Everybody"), SegmentKind.EVERYBODY),
            choice(new_in_days(LISTED_DAYS), SegmentKind.NEW, LISTED_DAYS),
        ],
        [choice(_active_in(days), SegmentKind.ACTIVE, days) for days in DAYS_CHOICES],
        [_act(_("Active in other days"), ComposeAction.ASK_DAYS, draft)],
        [choice(_("With a pass"), SegmentKind.WITH_PASS), choice(_("Without a pass"), SegmentKind.WITHOUT_PASS)],
        [
            _act(_("By language"), ComposeAction.ASK_LANGUAGE, draft),
            _act(_("By source"), ComposeAction.ASK_SOURCE, draft),
        ],
    )


def _active_in(days: int) -> str:
    return ngettext("Active in {count} day", "Active in {count} days", days).format(count=days)


def lifetime(draft: str) -> tuple[Row, ...]:
    choices = [
        button(duration(timedelta(minutes=minutes)), LifetimeButton(draft=draft, minutes=minutes).pack())
        for minutes in LIFETIME_CHOICES
    ]
    return (
        [button(pgettext("button", "Never"), LifetimeButton(draft=draft, minutes=0).pack())],
        choices[:2],
        choices[2:],
        [_act(_("Another time"), ComposeAction.ASK_LIFETIME, draft)],
    )


def when(draft: str) -> tuple[Row, ...]:
    return (
        [
            _act(pgettext("button", "Now"), ComposeAction.NOW, draft),
            _act(_("At a time"), ComposeAction.ASK_TIME, draft),
        ],
    )


def confirm(draft: str, fingerprint: str, count: int) -> tuple[Row, ...]:
    sure = button(
        _("Yes, send to {people}").format(people=people(count)),
        SendConfirmed(draft=draft, fingerprint=fingerprint).pack(),
        style=PRIMARY,
    )
    return ([sure],)
