"""The default cover, and the renewal of all buttons."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from views.buttons import PRIMARY, button
from views.language import _, ngettext, pgettext
from views.navigation import Section, data_of, parent
from views.publishing.callbacks import (
    DefaultCoverAction,
    DefaultCoverButton,
    RenewalAction,
    RenewalButton,
)
from views.publishing.times import time_words
from views.screens import Parent, Screen
from views.times import duration

#: cells of the bar
_CELLS = 20


def ask_cover() -> str:
    return _("Send the picture of announcements whose post has none, as a photo.")


def no_cover_shown() -> str:
    return _("The picture is not in the storage channel any more. Send another one.")


def cover_saved() -> str:
    return _("Saved. Announcements made from now on have it.")


def cover_changed() -> str:
    return _("Somebody has changed it just now. Yours is not saved; send it again if it shall be.")


def cover_removed() -> str:
    return _("Removed. Announcements made from now on have no picture, unless their post has one.")


def default_cover_screen(*, is_set: bool, undo: InlineKeyboardButton | None = None, note: str = "") -> Screen:
    """Return the screen of the default cover."""
    act = DefaultCoverAction
    what = _("Default cover: the picture of announcements whose post has none.")
    now = _("Now: set.") if is_set else _("Now: none.")
    text = f"{what}\n{now}"
    look = [button(_("Look at it"), DefaultCoverButton(act=act.LOOK).pack())] if is_set else []
    none = [button(pgettext("cover", "None"), DefaultCoverButton(act=act.NONE).pack())] if is_set else []
    send = button(_("Send one"), DefaultCoverButton(act=act.SEND).pack())
    rows = ([send, *look], none, [undo] if undo is not None else [])
    return Screen(f"{note}\n\n{text}" if note else text, rows, parent(Section.SETTINGS))


def default_cover_question() -> Screen:
    return Screen(ask_cover(), (), Parent(_("Default cover"), data_of(Section.DEFAULT_COVER)))


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
    count = _("{done} of {all}").format(done=f"{done:,}", all=f"{facts.total:,}")
    return f"{'█' * full}{'░' * (_CELLS - full)} {count}"


def renewal_screen(count: int, last: RenewalFacts | None, now: datetime, zone: ZoneInfo) -> Screen:
    """Return the screen of the renewal. `count`: buttons in channels now; `last`: the last renewal."""
    act = RenewalAction
    if last is not None and not last.is_over:
        lines = [_("Renewing all buttons."), _bar(last), *_rest(last), _remaining(last)]
        rows = ([_act(_("Look again"), act.SHOW), _act(pgettext("a renewal", "Stop"), act.STOP)],)
        return Screen("\n".join(line for line in lines if line), rows, parent(Section.SETTINGS))
    lines = [_("Renew all buttons: each announcement gets its link again, for example after the bot has a new name.")]
    if last is not None:
        ended = (
            _("Last time, begun {time}: stopped, {done} of {all} renewed.")
            if last.is_stopped
            else _("Last time, begun {time}: done, {done} of {all} renewed.")
        )
        at = time_words(last.started_at, zone, now)
        lines += [ended.format(time=at, done=f"{last.done:,}", all=f"{last.total:,}"), *_rest(last)]
    if not count:
        return Screen("\n".join([*lines, _("No announcement is in a channel now.")]), (), parent(Section.SETTINGS))
    ask = ngettext(
        "At most 20 a minute in each channel. Renew {count} button?",
        "At most 20 a minute in each channel. Renew {count} buttons?",
        count,
    )
    lines.append(ask.format(count=f"{count:,}"))
    renew = ngettext("Renew {count} button", "Renew {count} buttons", count).format(count=f"{count:,}")
    start = button(renew, RenewalButton(act=act.START).pack(), style=PRIMARY)
    return Screen("\n".join(lines), ([start],), parent(Section.SETTINGS))


def _act(text: str, act: RenewalAction) -> InlineKeyboardButton:
    return button(text, RenewalButton(act=act).pack())


def _rest(facts: RenewalFacts) -> list[str]:
    found = []
    if facts.failed:
        refused = ngettext("Telegram refused {count} button.", "Telegram refused {count} buttons.", facts.failed)
        found.append(refused.format(count=f"{facts.failed:,}"))
    if facts.kept:
        kept = ngettext(
            "{count} button of another bot stay as they are.",
            "{count} buttons of another bot stay as they are.",
            facts.kept,
        )
        found.append(kept.format(count=f"{facts.kept:,}"))
    return found


def _remaining(facts: RenewalFacts) -> str:
    # the slowest case: all in one channel, twenty a minute
    if not facts.due:
        return ""
    return _("At most {time} left.").format(time=duration(timedelta(minutes=-(-facts.due // 20))))
