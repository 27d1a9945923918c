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
from views.language import _, ngettext
from views.navigation import OpenChannel, OpenPost, Section, data_of, open_button
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
    (Section.SETTINGS, Section.TEAM),
    (Section.SYSTEM,),
)
#: rows above the sections, so that the Menu has no more than a screen may
_ABOVE_MAX = 3


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
    channel = channels.get(one.subject, "")
    section, html, fix = (
        _channel_trouble(username, channel)
        if one.kind is TroubleKind.CHANNEL
        else {
            TroubleKind.STORAGE: (
                Section.STORAGE,
                _("⚠ The storage channel is out of reach."),
                _("Fix: storage channel"),
            ),
            TroubleKind.ANNOUNCEMENT: (
                Section.SCHEDULE,
                _("⚠ An announcement was not published."),
                _("Fix: announcement"),
            ),
            TroubleKind.POST: (Section.POSTS, _("⚠ A post has lost messages."), _("Fix: post")),
            TroubleKind.DELETIONS: (
                Section.JOBS,
                _("⚠ Posts are deleted later than announced."),
                _("Fix: auto-delete"),
            ),
            TroubleKind.BACKUP: (Section.BACKUPS, _("⚠ The last backup failed or is old."), _("Fix: backup")),
            TroubleKind.PROCESS: (Section.SYSTEM, _("⚠ Something runs badly."), _("Fix: system")),
        }[one.kind]
    )
    data = data_of(section)
    if one.kind is TroubleKind.POST and is_code(one.subject):
        data = OpenPost(code=one.subject).pack()
    elif one.kind is TroubleKind.CHANNEL and channel:
        data = OpenChannel(chat_id=int(one.subject)).pack()
    return html, button(fix, data)


def _channel_trouble(username: str, channel: str) -> tuple[Section, str, str]:
    """Say that the user bot cannot see a channel. `channel`: its title; "": it is not in the list any more."""
    bot = f"@{esc(username)}"
    if not channel:
        html = _("⚠ {bot} cannot see a required channel.").format(bot=bot)
        return Section.CHANNELS, html, _("Fix: required channel")
    html = _("⚠ {bot} cannot see {channel}.").format(bot=bot, channel=isolate(channel, _CHANNEL_MAX))
    return Section.CHANNELS, html, _("Fix: {channel}").format(channel=cut(bare(channel), _CHANNEL_MAX))


def _today(today: Today) -> str:
    """Return two counts in one sentence: each has its own plural."""
    new, delivered = today.new_subscribers, today.delivered
    subscribers = ngettext("{count} new subscriber", "{count} new subscribers", new).format(count=f"{new:,}")
    posts = ngettext("{count} post delivered", "{count} posts delivered", delivered).format(count=f"{delivered:,}")
    return _("Today: {subscribers}, {posts}.").format(subscribers=subscribers, posts=posts)


def _next_words(following: NextAnnouncement, now: datetime, zone: ZoneInfo) -> str:
    is_today = following.at.astimezone(zone).date() == now.astimezone(zone).date()
    when = clock_time(following.at, zone) if is_today else date_and_time(following.at, zone, now)
    return _("Next: {title}, {time}, {channel}.").format(
        title=isolate(following.title, _TITLE_MAX), time=when, channel=isolate(following.channel, _CHANNEL_MAX)
    )


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
    maintenance_until: datetime | None = None,
    may_end_maintenance: bool = False,
) -> Screen:
    """Return the Menu. `channels`: titles by id as text; `hidden`: sections the role may not open.

    `maintenance_until`: while subscribers get nothing.
    """
    first = (
        []
        if maintenance_until is None
        else [_("⚠ Maintenance until {time}.").format(time=clock_time(maintenance_until, zone))]
    )
    shown = [_trouble(one, username, channels) for one in open_troubles[: TROUBLES_MAX - len(first)]]
    lines = first + [html for html, _button in shown]
    lines += [""] if lines else []
    lines.append(_("<b>Tollgate</b> · @{bot}").format(bot=esc(username)))
    lines.append(_today(today))
    if following is not None:
        lines.append(_next_words(following, now, zone))
    steps = steps[: 1 if len(first) + len(shown) < _ABOVE_MAX else 0]
    lines += [step.text for step in steps]
    lines.append(_("Send me anything to make a post."))
    end = button(_("Fix: maintenance"), data_of(Section.MAINTENANCE))
    top: list[Row] = [[end]] if first and may_end_maintenance else []
    top += [[fix] for _html, fix in shown] + [[step.button] for step in steps]
    open_buttons = [open_button(one) for pair in _SECTIONS for one in pair if one not in hidden]
    return Screen("\n".join(lines), (*top, *in_pairs(open_buttons)))
