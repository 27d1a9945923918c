"""The schedule, the slots of channels, and the settings of publishing."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.announcements import SLOT_TIMES_MAX, Announcement, AnnouncementState, Slots
from core.subscriptions import Channel
from views.buttons import Row, button
from views.html import bare, cut, isolate
from views.language import _, ngettext, pgettext
from views.navigation import MENU, Section, data_of, open_button, parent
from views.publishing.callbacks import (
    AnnouncementAction,
    AnnouncementButton,
    AskSlot,
    ChannelSlots,
    SchedulePage,
    SlotDay,
    SlotsPage,
    SlotTime,
)
from views.publishing.draft_screens import zone_words
from views.publishing.paging import page_of, pager
from views.publishing.result_screens import connect_button
from views.publishing.times import listed_time, weekday_names
from views.screens import Parent, Screen

#: entries on a page of the schedule
SCHEDULE_PAGE = 6
_ROW_MAX, _TITLE_MAX = 40, 60
_WORKDAYS = (0, 1, 2, 3, 4)
_TIMES_A_ROW = 3


def nothing_scheduled() -> str:
    return _("Nothing is scheduled. Open a post, Publish, When.")


def ask_slot() -> str:
    return _("Send the time of day, like 18:00.")


def slot_expected() -> str:
    return _("I need a time of day from 0:00 to 23:59, like 18:00.")


def slots_full() -> str:
    return _("A day has at most {most} slots. Remove one first.").format(most=SLOT_TIMES_MAX)


def slots_changed() -> str:
    return _("Somebody has changed these slots just now. Here they are as they are.")


def channel_gone() -> str:
    return _("This channel is not connected any more.")


def off_schedule() -> str:
    return _("Off the schedule.")


def dropped() -> str:
    return pgettext("an announcement", "Dropped.")


def its_time_passed() -> str:
    return _("Its time has passed meanwhile, so it stays off the schedule.")


def _trouble(state: AnnouncementState) -> str | None:
    """Return what stands before a row somebody has to look at."""
    return {
        AnnouncementState.FAILED: _("⚠ Failed"),
        AnnouncementState.MISSED: _("⚠ Missed"),
        AnnouncementState.UNKNOWN: _("⚠ Not confirmed"),
    }.get(state)


def entry(one: Announcement, now: datetime, zone: ZoneInfo) -> InlineKeyboardButton:
    """Return the row of an announcement: `Mon 24, 18:00 · Spring album`."""
    head = _trouble(one.state) or listed_time(one.publish_at, zone, now)
    title = bare(one.title).strip() or _("A post")
    return button(cut(f"{head} · {title}", _ROW_MAX), AnnouncementButton(act=AnnouncementAction.SHOW, id=one.id).pack())


def schedule_screen(
    entries: Sequence[Announcement],
    channels: Sequence[Channel],
    *,
    page: int,
    has_more: bool,
    troubled: int,
    now: datetime,
    zone: ZoneInfo,
) -> Screen:
    """Return a page of the schedule. `channels`: those posts are published in; `troubled`: how many need a person."""
    turning: Row = [button(_("‹ Prev"), SchedulePage(page=page - 1).pack())] if page else []
    slots = _slots_button(channels, is_narrow=bool(page or has_more))
    turning += [slots] if slots is not None else []
    turning += [button(_("Next ›"), SchedulePage(page=page + 1).pack())] if has_more else []
    lines = [_("Schedule, {zone}").format(zone=zone.key)]
    if troubled:
        need = ngettext("⚠ One needs you: press to see why.", "⚠ {count} need you: press to see why.", troubled)
        lines.append(need.format(count=troubled))
    if not entries:
        lines = [nothing_scheduled()] if not page else [*lines, _("This page is empty.")]
    return Screen("\n".join(lines), (*([entry(one, now, zone)] for one in entries), turning), MENU)


def _slots_button(channels: Sequence[Channel], *, is_narrow: bool) -> InlineKeyboardButton | None:
    if not channels:
        return None
    if is_narrow or len(channels) > 1:
        return open_button(Section.SLOTS, _("Slots ›"))
    text = cut(_("Slots: {slots}").format(slots=slots_words(channels[0].slots)), _ROW_MAX - 2)
    return button(f"{text} ›", ChannelSlots(chat_id=channels[0].chat_id).pack())


def slots_words(slots: Slots) -> str:
    """Return `daily 10:00, 18:00`, `Mon, Wed 18:00` or `none`; plain text."""
    if not slots.times or not slots.weekdays:
        return pgettext("slots", "none")
    return f"{_days_words(slots.weekdays)} {', '.join(slots.times)}"


def _days_words(days: tuple[int, ...]) -> str:
    if len(days) == 7:
        return pgettext("slots", "daily")
    names = weekday_names()
    return f"{names[0]}–{names[4]}" if days == _WORKDAYS else ", ".join(names[day] for day in days)


def slots_list(channels: Sequence[Channel], page: int) -> Screen:
    """Return the channels with their slots."""
    if not channels:
        return Screen(
            _("No channel is connected. Choose the one your subscribers read."),
            (connect_button(),),
            parent(Section.SCHEDULE),
        )
    number, shown, pages = page_of(channels, page, with_row_below=False)
    rows = [[button(_listed(one), ChannelSlots(chat_id=one.chat_id).pack())] for one in shown]
    turning = pager(number, pages, lambda to: SlotsPage(page=to).pack())
    text = _("Slots: the times a channel's announcements are offered.")
    return Screen(text, (*rows, turning), parent(Section.SCHEDULE))


def _listed(channel: Channel) -> str:
    words = slots_words(channel.slots)
    name = cut(bare(channel.name).strip() or pgettext("channel", "untitled"), max(12, _ROW_MAX - len(words) - 2))
    return cut(f"{name}: {words}", _ROW_MAX)


def slots_screen(channel: Channel, zone: ZoneInfo, undo: InlineKeyboardButton | None = None) -> Screen:
    """Return a channel's slots: weekdays and times."""
    slots = channel.slots
    days = [
        button(
            f"✓{name}" if day in slots.weekdays else name,
            SlotDay(chat_id=channel.chat_id, day=day, is_on=day not in slots.weekdays).pack(),
        )
        for day, name in enumerate(weekday_names("short"))
    ]
    times = [button(one, SlotTime(chat_id=channel.chat_id, minute=_minute(one)).pack()) for one in slots.times]
    rows = [times[start : start + _TIMES_A_ROW] for start in range(0, len(times), _TIMES_A_ROW)]
    add = button(_("+ time"), AskSlot(chat_id=channel.chat_id).pack())
    head = _("Slots of {channel}: {slots}")
    lines = [head.format(channel=isolate(channel.name, _TITLE_MAX), slots=slots_words(slots)), zone_words(zone)]
    if times:
        lines.append(_("Press a time to remove it."))
    back = Parent(_("Slots"), data_of(Section.SLOTS))
    return Screen("\n".join(lines), (days, *rows, [add, undo] if undo is not None else [add]), back)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def slot_question(channel: Channel, html: str) -> Screen:
    """Return the question for one more time of day."""
    back = Parent(_("Slots"), ChannelSlots(chat_id=channel.chat_id).pack())
    return Screen(html, (), back)
