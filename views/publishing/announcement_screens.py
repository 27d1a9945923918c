"""One announcement: what became of it, and what can be done about it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.announcements import Announcement, AnnouncementState
from views.buttons import DANGER, PRIMARY, Row, button
from views.html import isolate
from views.links import message_link
from views.navigation import Section, parent
from views.publishing.announcement_texts import NOT_PUBLISHED_TO
from views.publishing.callbacks import AnnouncementAction, AnnouncementButton, Back, ResultButton
from views.publishing.draft_screens import TimeChoice, leaves_words, slot_text, time_rows
from views.publishing.times import time_words
from views.publishing_rights import give_right_button
from views.screens import Parent, Screen

#: characters of a title, a channel's name, and of Telegram's words
_TITLE_MAX, _NAME_MAX, _WORDS_MAX = 60, 60, 200
STAYS_UNTIL_DELETED = "It is older than 48 hours: I take away text and button; only you can delete the message."
NOT_OURS = "Another bot published it, so I can neither change nor delete it. Delete it in the channel."
NO_MESSAGE = "I do not know which message it is, so I cannot delete it. Delete it in the channel."


@dataclass(frozen=True, slots=True)
class Shown:
    """One announcement with what its screens need besides."""

    announcement: Announcement
    #: name of the channel as it is now, and its @name
    channel: str
    username: str | None
    #: the admin bot's
    bot_username: str
    now: datetime
    zone: ZoneInfo

    @property
    def title(self) -> str:
        return isolate(self.announcement.title or "A post", _TITLE_MAX)

    @property
    def name(self) -> str:
        return isolate(self.channel, _NAME_MAX)


def _act(text: str, act: AnnouncementAction, one: Shown, back: Back, style: str | None = None) -> InlineKeyboardButton:
    return button(text, AnnouncementButton(act=act, id=one.announcement.id, back=back).pack(), style=style)


def parent_of(announcement: Announcement, back: Back) -> Parent:
    """Return the screen an announcement was opened from."""
    if back is Back.RESULT:
        return Parent("Channels", ResultButton(draft=announcement.key).pack())
    return parent(Section.SCHEDULE)


def _itself(one: Shown, back: Back) -> Parent:
    return Parent(
        "Announcement", AnnouncementButton(act=AnnouncementAction.SHOW, id=one.announcement.id, back=back).pack()
    )


def open_row(one: Shown) -> Row:
    """Return the button that opens the message in its channel; none when it is not known."""
    message_id = one.announcement.message_id
    if message_id is None:
        return []
    link = message_link(one.announcement.chat_id, one.username, message_id)
    return [InlineKeyboardButton(text="Open", url=link)] if link is not None else []


def state_words(one: Shown) -> str:
    """Return what became of it, as a sentence with the channel's name (HTML)."""
    found, state = one.announcement, one.announcement.state
    match state:
        case AnnouncementState.PLANNED if not found.is_now and found.publish_at > one.now:
            return f"On the schedule: {time_words(found.publish_at, one.zone, one.now)}, {one.name}."
        case AnnouncementState.PLANNED | AnnouncementState.SENDING:
            return f"Publishing in {one.name} …"
        case AnnouncementState.PUBLISHED if found.is_withdrawal_wanted:
            return f"Leaving {one.name} …"
        case AnnouncementState.PUBLISHED:
            return f"Published in {one.name}."
        case AnnouncementState.UNKNOWN:
            return f"Telegram did not confirm. Look into {one.name} first."
        case AnnouncementState.FAILED:
            words = f"Telegram refused: {isolate(found.error, _WORDS_MAX)}" if found.error else NOT_PUBLISHED_TO
            return f"Not published in {one.name}. {words}"
        case AnnouncementState.MISSED:
            return f"Missed: {time_words(found.publish_at, one.zone, one.now)}, {one.name}. Nothing of mine ran then."
        case AnnouncementState.WITHDRAWN:
            return f"Withdrawn from {one.name}."
        case AnnouncementState.EMPTIED:
            return f"Text and button are taken away in {one.name}. Only you can delete the message."
    return f"Off the schedule: {one.name}."


def buttons_of(one: Shown, back: Back, *, has_other_channels: bool = False) -> tuple[Row, ...]:
    """Return what can be done about it, by its state."""
    act = AnnouncementAction
    match one.announcement.state:
        case AnnouncementState.PLANNED if not one.announcement.is_now:
            return (
                [_act("Now", act.NOW, one, back), _act("Move", act.MOVE, one, back)],
                [_act("Off the schedule", act.OFF, one, back)],
            )
        case AnnouncementState.PLANNED | AnnouncementState.SENDING:
            return ([_act("Look again", act.SHOW, one, back)],)
        case AnnouncementState.PUBLISHED if one.announcement.is_withdrawal_wanted:
            return ([*open_row(one), _act("Look again", act.SHOW, one, back)],)
        case AnnouncementState.PUBLISHED:
            return ([*open_row(one), _act("Withdraw", act.WITHDRAW, one, back)],)
        case AnnouncementState.UNKNOWN:
            return ([_act("It is there", act.IT_IS_THERE, one, back), _act("Send again", act.SEND_AGAIN, one, back)],)
        case AnnouncementState.FAILED:
            return (
                [_act("Try again", act.TRY_AGAIN, one, back, PRIMARY), _act("Drop it", act.OFF, one, back)],
                [give_right_button(one.bot_username)],
            )
        case AnnouncementState.MISSED:
            return (
                [_act("Publish now", act.NOW, one, back), _act("Move", act.MOVE, one, back)],
                [_act("Drop it", act.OFF, one, back)],
            )
    return (open_row(one),) if one.announcement.state is AnnouncementState.EMPTIED else ()


def announcement_screen(one: Shown, back: Back) -> Screen:
    """Return the screen of one announcement."""
    found = one.announcement
    lines = [f"<b>{one.title}</b>", state_words(one)]
    if found.state is AnnouncementState.PLANNED:
        sound, pin = ("off" if found.silent else "on"), ("pinned" if found.pin else "not pinned")
        lines.append(f"Sound {sound} · {pin} · leaves: {leaves_words(found.leaves_after_minutes)}")
    if found.state is AnnouncementState.PUBLISHED:
        if found.published_at is not None:
            lines.append(f"There since {time_words(found.published_at, one.zone, one.now)}.")
        if found.leaves_at is not None and not found.is_withdrawal_wanted:
            lines.append(f"Leaves the channel: {time_words(found.leaves_at, one.zone, one.now)}.")
        if found.error:
            lines.append(f"The last change failed. Telegram refused: {isolate(found.error, _WORDS_MAX)}")
    return Screen("\n".join(lines), buttons_of(one, back), parent_of(found, back))


def confirm_now(one: Shown, back: Back) -> Screen:
    """Return the confirmation of publishing a planned or missed one at once."""
    confirm = _act("Publish now", AnnouncementAction.NOW_CONFIRMED, one, back, PRIMARY)
    return Screen(f"Publish {one.title} in {one.name} now?", ([confirm],), _itself(one, back))


def confirm_withdraw(one: Shown, back: Back, *, is_deletable: bool) -> Screen:
    """Return the confirmation of a withdrawal. `is_deletable`: it is younger than 48 hours."""
    what = "It is deleted there." if is_deletable else STAYS_UNTIL_DELETED
    confirm = _act("Withdraw", AnnouncementAction.WITHDRAW_CONFIRMED, one, back, DANGER)
    return Screen(f"Withdraw {one.title} from {one.name}? {what}", ([confirm],), _itself(one, back))


def move_screen(one: Shown, back: Back, *, slot: datetime | None, is_today_free: bool) -> Screen:
    """Return the choice of another time."""

    def data(act: AnnouncementAction) -> str:
        return AnnouncementButton(act=act, id=one.announcement.id, back=back).pack()

    act = AnnouncementAction
    rows = time_rows(
        None if slot is None else TimeChoice(slot_text(slot, one.zone, one.now), data(act.MOVE_SLOT)),
        TimeChoice("Today 20:00", data(act.MOVE_TODAY)) if is_today_free else None,
        TimeChoice("Tomorrow 9:00", data(act.MOVE_TOMORROW)),
        data(act.ASK_TIME),
    )
    at = time_words(one.announcement.publish_at, one.zone, one.now)
    text = f"Move {one.title}, {at}, to which time?\nTimes are those of {one.zone.key}."
    return Screen(text, rows, _itself(one, back))


def move_question(one: Shown, back: Back, html: str) -> Screen:
    """Return the question for another time."""
    return Screen(html, (), _itself(one, back))
