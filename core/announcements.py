"""Announcements: the message about a post in one of the owner's channels (docs/decisions/0020 has the states)."""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from core.delivery import LONGEST_DELETE_AFTER
from core.records import Record

#: characters Telegram takes as a text, and under a picture, after the tags are parsed (BOTAPI §2.4)
TEXT_MAX, CAPTION_MAX = 4096, 1024
#: characters on its button
LABEL_MAX = 40
#: minutes until it leaves its channel: bots delete nothing older than 48 hours, in channels either (BOTAPI §3.1)
LEAVES_AFTER_MAX = int(LONGEST_DELETE_AFTER.total_seconds()) // 60
#: channels one post is announced in at once: as many as can be connected
TARGETS_MAX = 50
#: how long a process owns an announcement it is sending without renewing; then nobody knows what became of it
LEASE_FOR = timedelta(seconds=30)
#: one that is this late was missed while nothing ran: those of one channel then follow each other a minute apart
LATE_FROM = timedelta(minutes=2)
CATCH_UP_EVERY = timedelta(minutes=1)
#: bots delete nothing older than this (BOTAPI §3.1)
DELETABLE_FOR = timedelta(hours=48)
#: one that is later than this waits for a person's decision
MISSED_AFTER = timedelta(hours=24)
#: times a day in the slots of a channel
SLOT_TIMES_MAX = 12
#: days looked through for a free slot: every week has the same, so that a channel's plan can be this long
_SLOT_DAYS = 366
_CHANNEL_SOURCE = re.compile(r"ch[0-9]+", re.ASCII)


class AnnouncementState(StrEnum):
    """How far an announcement is. A closed list."""

    #: waits for its time
    PLANNED = "planned"
    #: its owner is sending it
    SENDING = "sending"
    #: it is in the channel
    PUBLISHED = "published"
    #: no answer came, or its owner died: it may be in the channel. Never repeated without a person
    UNKNOWN = "unknown"
    #: Telegram refused; `error` has its words
    FAILED = "failed"
    #: nothing ran for a day after its time: a person decides
    MISSED = "missed"
    #: deleted from the channel
    WITHDRAWN = "withdrawn"
    #: too old to be deleted: text and button were taken away
    EMPTIED = "emptied"
    #: a person took it off the schedule, or gave it up
    CANCELLED = "cancelled"


#: it is in its channel, may be, or will be: another one of the same post there is asked for in so many words
STANDING = (
    AnnouncementState.PLANNED,
    AnnouncementState.SENDING,
    AnnouncementState.PUBLISHED,
    AnnouncementState.UNKNOWN,
)
#: not in its channel, and a person may send it there
REPAIRABLE = (AnnouncementState.FAILED, AnnouncementState.MISSED)
#: a person has to decide
TROUBLED = (*REPAIRABLE, AnnouncementState.UNKNOWN)


class EditKind(StrEnum):
    """Which part of a published announcement is to be edited. A closed list."""

    #: text, picture and button
    CONTENT = "content"
    #: the button alone
    BUTTON = "button"


class CoverMessage(Record):
    """A message of the storage channel that is copied as the picture of an announcement."""

    chat_id: int
    message_id: int


class NewAnnouncement(Record):
    """An announcement as a person confirmed it: what is sent is exactly this. Times are aware UTC."""

    #: id of the confirmed draft: confirmed twice, each channel gets it once
    key: str
    post_code: str
    #: the channel
    chat_id: int
    #: when it is to be published; at once when it is in the past
    publish_at: datetime
    #: a person waits for it: it goes before everything that can wait
    is_now: bool = False
    #: minutes until it leaves the channel; 0: never
    leaves_after_minutes: int = Field(default=0, ge=0, le=LEAVES_AFTER_MAX)
    #: tag of its link, as in `ch1`
    source: str
    #: HTML
    text: str = Field(min_length=1)
    #: None: a message without a picture
    cover: CoverMessage | None = None
    label: str
    url: str
    silent: bool = False
    pin: bool = False
    created_by: int
    created_at: datetime
    #: what lists show without another read: the post's number and title, and the channel's name, as they were then
    number: int = 0
    title: str = ""
    channel: str = ""
    #: the message in the chat of `created_by` that shows what becomes of the draft; None: there is none
    progress_message_id: int | None = None
    #: the bot whose `progress_message_id` that is
    progress_bot_id: int | None = None
    #: that message shows what became of it, or nobody needs it to
    is_reported: bool = True


class Announcement(NewAnnouncement):
    """A stored announcement. Times are aware UTC."""

    #: the document's `_id` as text
    id: str
    #: 1 for the first of this post in this channel; each `Publish again` has the next
    ordinal: int = 1
    state: AnnouncementState = AnnouncementState.PLANNED
    #: when it is tried next; None unless it is planned
    due_at: datetime | None = None
    #: the process that sends it, until when; None unless it is being sent
    owner: str | None = None
    until: datetime | None = None
    #: one more at each start: only who knows the present number may write the outcome
    count: int = 0
    #: the bot whose `message_id` this is
    bot_id: int | None = None
    #: None: not known, or not published
    message_id: int | None = None
    published_at: datetime | None = None
    #: when it is to leave the channel; None: never, or it has
    leaves_at: datetime | None = None
    #: a person wants it gone
    is_withdrawal_wanted: bool = False
    #: who has moved it to another time last
    moved_by: int | None = None
    moved_by_name: str = ""
    #: the picture the message has now
    shown_cover: CoverMessage | None = None
    #: the part that is to be edited; None: the message shows what is stored here
    edit: EditKind | None = None
    #: when it is to be edited or pinned; None: neither
    edit_at: datetime | None = None
    #: one more at each change: who edited knows whether there was another change meanwhile
    revision: int = 0
    #: it is to be pinned still
    is_pin_due: bool = False
    #: the words of the last refusal: of sending, editing, pinning or deleting; None when there was none
    error: str | None = None
    #: attempts to delete or empty it that Telegram refused
    removal_attempts: int = 0
    #: the renewal of all buttons that its button waits for, and what became of it
    renewal: str | None = None
    renewal_state: str | None = None

    @property
    def is_standing(self) -> bool:
        """Whether it is in its channel, may be, or will be."""
        return self.state in STANDING


def is_missed(publish_at: datetime, now: datetime) -> bool:
    """Return whether its time is so long past that a person decides."""
    return now - publish_at > MISSED_AFTER


def is_deletable(announcement: Announcement, now: datetime) -> bool:
    """Return whether Telegram still lets the bot delete it."""
    published_at = announcement.published_at
    return published_at is None or now - published_at <= DELETABLE_FOR


def is_late(publish_at: datetime, now: datetime) -> bool:
    """Return whether its time passed while nothing ran."""
    return now - publish_at >= LATE_FROM


def catch_up_at(last_published_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a late announcement may follow the last one in its channel; None: now.

    A publication in the future was stored by a clock that has been put back since, and holds up nothing.
    """
    if last_published_at is None or last_published_at > now:
        return None
    free_at = last_published_at + CATCH_UP_EVERY
    return free_at if free_at > now else None


def leaving_time(announcement: NewAnnouncement, published_at: datetime) -> datetime | None:
    """Return when it leaves its channel; None: it stays."""
    minutes = announcement.leaves_after_minutes
    return published_at + timedelta(minutes=minutes) if minutes else None


def characters_over(visible: int, *, has_cover: bool) -> int:
    """Return by how many characters a text of `visible` characters is too long for Telegram; 0: it is not."""
    return max(0, visible - (CAPTION_MAX if has_cover else TEXT_MAX))


def source_of(number: int) -> str:
    """Return the tag of links in the channel with this number."""
    return f"ch{number}"


def is_channel_source(source: str) -> bool:
    """Return whether it is the tag of a channel."""
    return _CHANNEL_SOURCE.fullmatch(source) is not None


class Slots(Record):
    """The planned times of one channel, on the clock of TIMEZONE: each time on each weekday."""

    #: 0 is Monday, as in Python; ascending
    weekdays: tuple[int, ...] = tuple(range(7))
    #: as in "10:00", ascending; empty: no slots
    times: tuple[str, ...] = ()

    @field_validator("weekdays")
    @classmethod
    def _known_days(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if not set(days) <= set(range(7)):
            raise ValueError("weekdays are 0 (Monday) to 6")
        return tuple(sorted(set(days)))

    @field_validator("times")
    @classmethod
    def _known_times(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(times)) > SLOT_TIMES_MAX:
            raise ValueError(f"a day has at most {SLOT_TIMES_MAX} slots")
        return tuple(sorted({f"{time.fromisoformat(one):%H:%M}" for one in times}))

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, ...]:
        """Return the slots of one day in `zone`, aware UTC, ascending.

        A time that a daylight change skips moves on by as much as the clock does; one that comes twice is the first.
        """
        if day.weekday() not in self.weekdays:
            return ()
        moments = (datetime.combine(day, time.fromisoformat(one), tzinfo=zone) for one in self.times)
        # a set: a time that moved on may meet another slot
        return tuple(sorted({moment.astimezone(UTC) for moment in moments}))


def next_slot(slots: Slots, now: datetime, taken: Collection[datetime], zone: ZoneInfo) -> datetime | None:
    """Return the first slot after `now` that is not among `taken`; None when a year has no free one."""
    if not slots.times or not slots.weekdays:
        return None
    today = now.astimezone(zone).date()
    for days in range(-1, _SLOT_DAYS):
        for moment in slots.on(today + timedelta(days=days), zone):
            if moment > now and moment not in taken:
                return moment
    return None
