"""One announcement: what became of it, and what can be done about it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.announcements import Announcement, AnnouncementState
from views.buttons import DANGER, PRIMARY, Row, button
from views.html import isolate
from views.language import _, pgettext
from views.links import message_link
from views.navigation import Section, parent
from views.publishing.announcement_texts import reason_words
from views.publishing.callbacks import AnnouncementAction, AnnouncementButton, Back, ResultButton
from views.publishing.draft_screens import (
    TimeChoice,
    leaves_words,
    pin_words,
    slot_text,
    sound_words,
    time_rows,
    zone_words,
)
from views.publishing.times import time_words
from views.publishing_rights import give_right_button
from views.screens import Parent, Screen

#: characters of a title, a channel's name, and of Telegram's words
_TITLE_MAX, _NAME_MAX, _WORDS_MAX = 60, 60, 200


def stays_until_deleted() -> str:
    return _("It is older than 48 hours: I take away text and button; only you can delete the message.")


def not_ours() -> str:
    return _("Another bot published it, so I can neither change nor delete it. Delete it in the channel.")


def no_message() -> str:
    return _("I do not know which message it is, so I cannot delete it. Delete it in the channel.")


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
        return isolate(self.announcement.title or _("A post"), _TITLE_MAX)

    @property
    def name(self) -> str:
        return isolate(self.channel, _NAME_MAX)


def _act(text: str, act: AnnouncementAction, one: Shown, back: Back, style: str | None = None) -> InlineKeyboardButton:
    return button(text, AnnouncementButton(act=act, id=one.announcement.id, back=back).pack(), style=style)


def parent_of(announcement: Announcement, back: Back) -> Parent:
    """Return the screen an announcement was opened from."""
    if back is Back.RESULT:
        return Parent(pgettext("of an announcement", "Channels"), ResultButton(draft=announcement.key).pack())
    return parent(Section.SCHEDULE)


def _itself(one: Shown, back: Back) -> Parent:
    return Parent(
        _("Announcement"), AnnouncementButton(act=AnnouncementAction.SHOW, id=one.announcement.id, back=back).pack()
    )


def open_row(one: Shown) -> Row:
    """Return the button that opens the message in its channel; none when it is not known."""
    message_id = one.announcement.message_id
    if message_id is None:
        return []
    link = message_link(one.announcement.chat_id, one.username, message_id)
    return [InlineKeyboardButton(text=pgettext("button", "Open"), url=link)] if link is not None else []


def state_words(one: Shown) -> str:
    """Return what became of it, as a sentence with the channel's name (HTML)."""
    found, state = one.announcement, one.announcement.state
    match state:
        case AnnouncementState.PLANNED if not found.is_now and found.publish_at > one.now:
            words = _("On the schedule: {time}, {channel}.")
        case AnnouncementState.PLANNED | AnnouncementState.SENDING:
            words = _("Publishing in {channel} …")
        case AnnouncementState.PUBLISHED if found.is_withdrawal_wanted:
            words = _("Leaving {channel} …")
        case AnnouncementState.PUBLISHED:
            words = _("Published in {channel}.")
        case AnnouncementState.UNKNOWN:
            words = _("Telegram did not confirm. Look into {channel} first.")
        case AnnouncementState.FAILED if found.error:
            words = _("Not published in {channel}. Telegram refused: {words}")
        case AnnouncementState.FAILED:
            words = _("Not published in {channel}. I do not publish in this channel any more.")
        case AnnouncementState.MISSED:
            words = _("Missed: {time}, {channel}. Nothing of mine ran then.")
        case AnnouncementState.WITHDRAWN:
            words = _("Withdrawn from {channel}.")
        case AnnouncementState.EMPTIED:
            words = _("Text and button are taken away in {channel}. Only you can delete the message.")
        case _other:
            words = _("Off the schedule: {channel}.")
    time = time_words(found.publish_at, one.zone, one.now)
    return words.format(channel=one.name, time=time, words=_reason(found))


def _reason(found: Announcement) -> str:
    return isolate(reason_words(found.error), _WORDS_MAX) if found.error else ""


def buttons_of(one: Shown, back: Back, *, has_other_channels: bool = False) -> tuple[Row, ...]:
    """Return what can be done about it, by its state."""
    act = AnnouncementAction
    move = _act(pgettext("to another time", "Move"), act.MOVE, one, back)
    match one.announcement.state:
        case AnnouncementState.PLANNED if not one.announcement.is_now:
            return (
                [_act(pgettext("publish", "Now"), act.NOW, one, back), move],
                [_act(_("Off the schedule"), act.OFF, one, back)],
            )
        case AnnouncementState.PLANNED | AnnouncementState.SENDING:
            return ([_act(_("Look again"), act.SHOW, one, back)],)
        case AnnouncementState.PUBLISHED if one.announcement.is_withdrawal_wanted:
            return ([*open_row(one), _act(_("Look again"), act.SHOW, one, back)],)
        case AnnouncementState.PUBLISHED:
            return ([*open_row(one), _act(_("Withdraw"), act.WITHDRAW, one, back)],)
        case AnnouncementState.UNKNOWN:
            return (
                [_act(_("It is there"), act.IT_IS_THERE, one, back), _act(_("Send again"), act.SEND_AGAIN, one, back)],
            )
        case AnnouncementState.FAILED:
            return (
                [_act(_("Try again"), act.TRY_AGAIN, one, back, PRIMARY), _act(_("Drop it"), act.OFF, one, back)],
                [give_right_button(one.bot_username)],
            )
        case AnnouncementState.MISSED:
            return (
                [_act(_("Publish now"), act.NOW, one, back), move],
                [_act(_("Drop it"), act.OFF, one, back)],
            )
    return (open_row(one),) if one.announcement.state is AnnouncementState.EMPTIED else ()


def announcement_screen(one: Shown, back: Back) -> Screen:
    """Return the screen of one announcement."""
    found = one.announcement
    lines = [f"<b>{one.title}</b>", state_words(one)]
    if found.state is AnnouncementState.PLANNED:
        lines.append(
            _("Sound {sound} · {pin} · leaves: {leaves}").format(
                sound=sound_words(is_silent=found.silent),
                pin=pin_words(is_pinned=found.pin),
                leaves=leaves_words(found.leaves_after_minutes),
            )
        )
    if found.state is AnnouncementState.PUBLISHED:
        if found.published_at is not None:
            lines.append(_("There since {time}.").format(time=time_words(found.published_at, one.zone, one.now)))
        if found.leaves_at is not None and not found.is_withdrawal_wanted:
            leaves_at = time_words(found.leaves_at, one.zone, one.now)
            lines.append(_("Leaves the channel: {time}.").format(time=leaves_at))
        if found.error:
            failed = _("The last change failed. Telegram refused: {words}")
            lines.append(failed.format(words=_reason(found)))
    return Screen("\n".join(lines), buttons_of(one, back), parent_of(found, back))


def confirm_now(one: Shown, back: Back) -> Screen:
    """Return the confirmation of publishing a planned or missed one at once."""
    confirm = _act(_("Publish now"), AnnouncementAction.NOW_CONFIRMED, one, back, PRIMARY)
    text = _("Publish {title} in {channel} now?").format(title=one.title, channel=one.name)
    return Screen(text, ([confirm],), _itself(one, back))


def confirm_withdraw(one: Shown, back: Back, *, is_deletable: bool) -> Screen:
    """Return the confirmation of a withdrawal. `is_deletable`: it is younger than 48 hours."""
    what = _("It is deleted there.") if is_deletable else stays_until_deleted()
    confirm = _act(_("Withdraw"), AnnouncementAction.WITHDRAW_CONFIRMED, one, back, DANGER)
    ask = _("Withdraw {title} from {channel}?").format(title=one.title, channel=one.name)
    return Screen(f"{ask} {what}", ([confirm],), _itself(one, back))


def move_screen(one: Shown, back: Back, *, slot: datetime | None, is_today_free: bool) -> Screen:
    """Return the choice of another time."""

    def data(act: AnnouncementAction) -> str:
        return AnnouncementButton(act=act, id=one.announcement.id, back=back).pack()

    act = AnnouncementAction
    rows = time_rows(
        None if slot is None else TimeChoice(slot_text(slot, one.zone, one.now), data(act.MOVE_SLOT)),
        TimeChoice(_("Today 20:00"), data(act.MOVE_TODAY)) if is_today_free else None,
        TimeChoice(_("Tomorrow 9:00"), data(act.MOVE_TOMORROW)),
        data(act.ASK_TIME),
    )
    at = time_words(one.announcement.publish_at, one.zone, one.now)
    ask = _("Move {title}, {time}, to which time?").format(title=one.title, time=at)
    text = f"{ask}\n{zone_words(one.zone)}"
    return Screen(text, rows, _itself(one, back))


def move_question(one: Shown, back: Back, html: str) -> Screen:
    """Return the question for another time."""
    return Screen(html, (), _itself(one, back))
