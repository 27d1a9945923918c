"""The default cover, and the renewal of all buttons."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from views.buttons import PRIMARY, button
from views.navigation import Section, data_of, parent
from views.publishing.callbacks import (
    DefaultCoverAction,
    DefaultCoverButton,
    RenewalAction,
    RenewalButton,
)
from views.publishing.times import time_words
from views.quantities import counted
from views.screens import Parent, Screen
from views.times import duration

#: cells of the bar
_CELLS = 20
ASK_COVER = "Send the picture of announcements whose post has none, as a photo."
NO_COVER_SHOWN = "The picture is not in the storage channel any more. Send another one."
COVER_SAVED = "Saved. Announcements made from now on have it."
COVER_CHANGED = "Somebody has changed it just now. Yours is not saved; send it again if it shall be."
COVER_REMOVED = "Removed. Announcements made from now on have no picture, unless their post has one."


def default_cover_screen(*, is_set: bool, undo: InlineKeyboardButton | None = None, note: str = "") -> Screen:
    """Return the screen of the default cover."""
    act = DefaultCoverAction
    text = "Default cover: the picture of announcements whose post has none.\nNow: " + ("set." if is_set else "none.")
    look = [button("Look at it", DefaultCoverButton(act=act.LOOK).pack())] if is_set else []
    none = [button("None", DefaultCoverButton(act=act.NONE).pack())] if is_set else []
    send = button("Send one", DefaultCoverButton(act=act.SEND).pack())
    rows = ([send, *look], none, [undo] if undo is not None else [])
    return Screen(f"{note}\n\n{text}" if note else text, rows, parent(Section.SETTINGS))


def default_cover_question() -> Screen:
    return Screen(ASK_COVER, (), Parent("Default cover", data_of(Section.DEFAULT_COVER)))


@dataclass(frozen=True, slots=True)
class RenewalFacts:
    """How far a renewal of all buttons is."""

    started_at: datetime
    due: int
    done: int
    failed: int
    kept: int
    is_over: bool
    is_stopped: bool

    @property
    def total(self) -> int:
        return self.due + self.done + self.failed + self.kept


def _bar(facts: RenewalFacts) -> str:
    done = facts.total - facts.due
    full = _CELLS * done // facts.total if facts.total else _CELLS
    return f"{'█' * full}{'░' * (_CELLS - full)} {done:,} of {facts.total:,}"


def renewal_screen(count: int, last: RenewalFacts | None, now: datetime, zone: ZoneInfo) -> Screen:
    """Return the screen of the renewal. `count`: buttons in channels now; `last`: the last renewal."""
    act = RenewalAction
    if last is not None and not last.is_over:
        lines = ["Renewing all buttons.", _bar(last), *_rest(last), _remaining(last)]
        rows = ([_act("Look again", act.SHOW), _act("Stop", act.STOP)],)
        return Screen("\n".join(line for line in lines if line), rows, parent(Section.SETTINGS))
    lines = ["Renew all buttons: each announcement gets its link again, for example after the bot has a new name."]
    if last is not None:
        word = "stopped" if last.is_stopped else "done"
        at = time_words(last.started_at, zone, now)
        lines += [f"Last time, begun {at}: {word}, {last.done:,} of {last.total:,} renewed.", *_rest(last)]
    if not count:
        return Screen("\n".join([*lines, "No announcement is in a channel now."]), (), parent(Section.SETTINGS))
    lines.append(f"At most 20 a minute in each channel. Renew {counted(count, 'button')}?")
    start = button(f"Renew {counted(count, 'button')}", RenewalButton(act=act.START).pack(), style=PRIMARY)
    return Screen("\n".join(lines), ([start],), parent(Section.SETTINGS))


def _act(text: str, act: RenewalAction) -> InlineKeyboardButton:
    return button(text, RenewalButton(act=act).pack())


def _rest(facts: RenewalFacts) -> list[str]:
    found = []
    if facts.failed:
        found.append(f"Telegram refused {counted(facts.failed, 'button')}.")
    if facts.kept:
        found.append(f"{counted(facts.kept, 'button')} of another bot stay as they are.")
    return found


def _remaining(facts: RenewalFacts) -> str:
    # the slowest case: all in one channel, twenty a minute
    return f"At most {duration(timedelta(minutes=-(-facts.due // 20)))} left." if facts.due else ""
