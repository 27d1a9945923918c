"""Buttons of a draft of a broadcast."""

from datetime import timedelta

from aiogram.types import InlineKeyboardButton

from core.segments import SegmentKind
from views.broadcasts.compose_callbacks import (
    AudienceButton,
    ComposeAction,
    ComposeButton,
    LifetimeButton,
    SendConfirmed,
)
from views.buttons import PRIMARY, Row, button
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
    return Parent("New broadcast", ComposeButton(act=ComposeAction.SCREEN, draft=draft).pack())


def screen(draft: str, count: int, *, silent: bool, pin: bool) -> tuple[Row, ...]:
    """Return the buttons below the draft."""
    sound = ("Sound on", ComposeAction.SOUND_ON) if silent else ("Sound off", ComposeAction.SOUND_OFF)
    pinning = ("Don't pin", ComposeAction.NO_PIN) if pin else ("Pin", ComposeAction.PIN)
    return (
        [_act("Audience", ComposeAction.AUDIENCE, draft), _act("Buttons", ComposeAction.ASK_BUTTONS, draft)],
        [_act(*sound, draft), _act(*pinning, draft)],
        [_act("Auto-delete", ComposeAction.LIFETIME, draft), _act("When", ComposeAction.WHEN, draft)],
        [_act("Preview", ComposeAction.PREVIEW, draft), _act("Test copy to me", ComposeAction.TEST_COPY, draft)],
        [_act(f"Send to {people(count)}…", ComposeAction.SEND, draft)],
        [_act("Change message", ComposeAction.CHANGE, draft), _act("Cancel", ComposeAction.CANCEL, draft)],
    )


def audience(draft: str) -> tuple[Row, ...]:
    def choice(text: str, kind: SegmentKind, days: int | None = None) -> InlineKeyboardButton:
        return button(text, AudienceButton(draft=draft, kind=kind, days=days).pack())

    return (
        [choice("Everybody", SegmentKind.EVERYBODY)],
        [choice(f"Active in {days} days", SegmentKind.ACTIVE, days) for days in DAYS_CHOICES],
        [_act("Active in other days", ComposeAction.ASK_DAYS, draft)],
        [choice("With a pass", SegmentKind.WITH_PASS), choice("Without a pass", SegmentKind.WITHOUT_PASS)],
        [_act("By language", ComposeAction.ASK_LANGUAGE, draft), _act("By source", ComposeAction.ASK_SOURCE, draft)],
    )


def lifetime(draft: str) -> tuple[Row, ...]:
    choices = [
        button(duration(timedelta(minutes=minutes)), LifetimeButton(draft=draft, minutes=minutes).pack())
        for minutes in LIFETIME_CHOICES
    ]
    return (
        [button("Never", LifetimeButton(draft=draft, minutes=0).pack())],
        choices[:2],
        choices[2:],
        [_act("Another time", ComposeAction.ASK_LIFETIME, draft)],
    )


def when(draft: str) -> tuple[Row, ...]:
    return ([_act("Now", ComposeAction.NOW, draft), _act("At a time", ComposeAction.ASK_TIME, draft)],)


def confirm(draft: str, fingerprint: str, count: int) -> tuple[Row, ...]:
    sure = button(
        f"Yes, send to {people(count)}", SendConfirmed(draft=draft, fingerprint=fingerprint).pack(), style=PRIMARY
    )
    return ([sure],)
