"""The Menu: what needs the owner, the day so far, what comes next, and the way to everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.health.troubles import OpenTrouble, TroubleKind
from core.ids import is_code
from views.buttons import Row, button
from views.html import bare, cut, esc, isolate
from views.navigation import OpenChannel, OpenPost, Section, data_of, open_button
from views.quantities import counted
from views.screens import Screen, in_pairs
from views.times import clock_time, date_and_time

#: troubles shown; the others follow when these are mended
TROUBLES_MAX = 3
#: characters of a title, and of a channel's name, on the Menu
_TITLE_MAX, _CHANNEL_MAX = 40, 30
_SECTIONS = (
    (Section.POSTS, Section.SCHEDULE),
    (Section.BROADCASTS, Section.SUBSCRIBERS),
    (Section.CHANNELS, Section.STATISTICS),
    (Section.SETTINGS, Section.SYSTEM),
)


@dataclass(frozen=True, slots=True)
class NextAnnouncement:
    """What is published next."""

    title: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Today:
    """The day so far, in TIMEZONE."""

    new_subscribers: int
    delivered: int


@dataclass(frozen=True, slots=True)
class MenuStep:
    """A step of the first hour that is still open: its sentence (HTML) and the button that takes it."""

    text: str
    button: InlineKeyboardButton


def _trouble(one: OpenTrouble, username: str, channels: dict[str, str]) -> tuple[str, InlineKeyboardButton]:
    """Return the sentence of a trouble (HTML) and its `Fix`."""
    bot, channel = f"@{esc(username)}", channels.get(one.subject, "")
    name = isolate(channel, _CHANNEL_MAX) if channel else "a required channel"
    section, html, fix = {
        TroubleKind.STORAGE: (Section.STORAGE, "The storage channel is out of reach.", "Fix: storage channel"),
        TroubleKind.CHANNEL: (
            Section.CHANNELS,
            f"{bot} cannot see {name}.",
            f"Fix: {cut(bare(channel), _CHANNEL_MAX)}" if channel else "Fix: required channel",
        ),
        TroubleKind.ANNOUNCEMENT: (Section.SCHEDULE, "An announcement was not published.", "Fix: announcement"),
        TroubleKind.POST: (Section.POSTS, "A post has lost messages.", "Fix: post"),
        TroubleKind.DELETIONS: (Section.JOBS, "Posts are deleted later than announced.", "Fix: auto-delete"),
        TroubleKind.BACKUP: (Section.BACKUPS, "The last backup failed or is old.", "Fix: backup"),
        TroubleKind.PROCESS: (Section.SYSTEM, "Something runs badly.", "Fix: system"),
    }[one.kind]
    data = data_of(section)
    if one.kind is TroubleKind.POST and is_code(one.subject):
        data = OpenPost(code=one.subject).pack()
    elif one.kind is TroubleKind.CHANNEL and channel:
        data = OpenChannel(chat_id=int(one.subject)).pack()
    return f"⚠ {html}", button(fix, data)


def _next_words(following: NextAnnouncement, now: datetime, zone: ZoneInfo) -> str:
    is_today = following.at.astimezone(zone).date() == now.astimezone(zone).date()
    when = clock_time(following.at, zone) if is_today else date_and_time(following.at, zone, now)
    return f"Next: {isolate(following.title, _TITLE_MAX)}, {when}, {isolate(following.channel, _CHANNEL_MAX)}."


def menu(
    username: str,
    today: Today,
    following: NextAnnouncement | None,
    open_troubles: Sequence[OpenTrouble],
    *,
    channels: dict[str, str],
    now: datetime,
    zone: ZoneInfo,
    steps: Sequence[MenuStep] = (),
    hidden: frozenset[Section] = frozenset(),
) -> Screen:
    """Return the Menu. `channels`: titles by id as text; `hidden`: sections the role may not open."""
    shown = [_trouble(one, username, channels) for one in open_troubles[:TROUBLES_MAX]]
    lines = [html for html, _ in shown] + ([""] if shown else [])
    lines.append(f"<b>Tollgate</b> · @{esc(username)}")
    lines.append(
        f"Today: {counted(today.new_subscribers, 'new subscriber')}, {counted(today.delivered, 'post')} delivered."
    )
    if following is not None:
        lines.append(_next_words(following, now, zone))
    lines += [step.text for step in steps[:1]]
    lines.append("Send me anything to make a post.")
    top: list[Row] = [[fix] for _, fix in shown] + [[step.button] for step in steps[:1]]
    open_buttons = [open_button(one) for pair in _SECTIONS for one in pair if one not in hidden]
    return Screen("\n".join(lines), (*top, *in_pairs(open_buttons)))
