"""Reading what an admin types about an announcement. Every BadInput says what is expected."""

import re
from datetime import timedelta

from aiogram.types import Message

from core.announcements import LEAVES_AFTER_MAX
from core.durations import MINUTE, read_duration
from core.errors import BadInput
from core.publishing.inputs import button_of
from core.templates import is_visible, without_tags
from views.publishing import draft_screens, schedule_screens

_CLOCK = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})", re.ASCII)


def read_text(message: Message) -> str:
    """Read a formatted text as HTML. Raises BadInput."""
    if message.text is None:
        raise BadInput(draft_screens.text_expected())
    html = message.html_text
    if not is_visible(without_tags(html)):
        raise BadInput(draft_screens.empty_text())
    return html


def read_label(message: Message) -> str:
    """Read the words on a button. Raises BadInput."""
    typed = button_of(message.text or "")
    if typed is None:
        raise BadInput(draft_screens.label_expected())
    return typed


def read_leaving(message: Message) -> int:
    """Read `90 min`, `12h`, `never` as minutes; 0: never. Raises BadInput."""
    try:
        span = read_duration(message.text or "", bare=MINUTE, never=True)
    except BadInput:
        raise BadInput(draft_screens.leaves_expected()) from None
    minutes = span // MINUTE
    if minutes > LEAVES_AFTER_MAX or (span > timedelta() and minutes < 1):
        raise BadInput(draft_screens.leaves_expected())
    return minutes


def read_clock(message: Message) -> str:
    """Read `9:00`, `18.30` as `09:00`, `18:30`. Raises BadInput."""
    found = _CLOCK.fullmatch((message.text or "").strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise BadInput(schedule_screens.slot_expected())
    return f"{int(found[1]):02}:{found[2]}"
