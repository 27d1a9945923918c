"""Broadcasts: one message to many, one row per recipient (DESIGN §7.5)."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from core.addresses import is_button_address
from core.delivery import LONGEST_DELETE_AFTER, TELEGRAM_DELETE_LIMIT
from core.errors import BadInput
from core.language import _
from core.records import Record
from core.segments import Segment

#: messages of one broadcast: an album has at most ten (BOTAPI §3.4)
MESSAGES_MAX = 10
#: lifetime of the copies, in minutes; after 47 hours Telegram's limit of 48 could come first (BOTAPI §3.1)
LIFETIME_MIN, LIFETIME_MAX = 10, int(LONGEST_DELETE_AFTER.total_seconds()) // 60
#: buttons under a broadcast, one a row, and characters on a button
BUTTONS_MAX, BUTTON_TEXT_MAX = 10, 64
#: consecutive failures caused by the content after which a broadcast stops
CONTENT_FAILURES_MAX = 3
#: consecutive failures of any kind after which it stops
FAILURES_MAX = 25
#: the source of its links: a letter, and the id of the draft
_SOURCE = re.compile(r"b[0-9a-f]{16}")


class BroadcastStatus(StrEnum):
    """The status of a broadcast. A closed list."""

    #: waits for its time or its turn
    QUEUED = "queued"
    #: copies are being sent
    SENDING = "sending"
    #: an admin interrupted it
    PAUSED = "paused"
    #: every recipient was tried
    SENT = "sent"
    #: copies are being deleted
    RECALLING = "recalling"
    #: no copy is left that could be deleted
    RECALLED = "recalled"
    #: an admin ended it before every recipient was tried
    CANCELLED = "cancelled"
    #: it could not be sent, or not to everyone; `error` says why
    FAILED = "failed"


#: sending has ended; copies may still exist
ENDED = (BroadcastStatus.SENT, BroadcastStatus.CANCELLED, BroadcastStatus.FAILED)
#: not every recipient was tried
UNFINISHED = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING, BroadcastStatus.PAUSED)


class RecipientState(StrEnum):
    """The state of one recipient. A closed list."""

    PENDING = "pending"
    #: the call is in flight; after a crash the result is unknown
    SENDING = "sending"
    #: arrived, and not deleted by us
    SENT = "sent"
    #: cannot be written to: blocked the bot, or the account is deactivated
    BLOCKED = "blocked"
    #: Telegram refused
    FAILED = "failed"
    #: no answer came; never repeated
    UNKNOWN = "unknown"
    #: no answer came; whatever had arrived was deleted
    SWEPT = "swept"
    #: arrived and deleted
    DELETED = "deleted"
    #: arrived, and Telegram no longer deletes it
    KEPT = "kept"
    #: had opted out when their turn came
    LEFT_OUT = "left_out"


#: states of recipients who got their copies, deleted later or not
ARRIVED = (RecipientState.SENT, RecipientState.DELETED, RecipientState.KEPT)


def source_of_broadcast(key: str) -> str:
    """Return the source of links to posts in the broadcast made of the draft `key`."""
    return f"b{key}"


def key_of_source(source: str) -> str | None:
    """Return the key of the broadcast that a source names; None for any other source."""
    return source[1:] if _SOURCE.fullmatch(source) else None


class LinkButton(Record):
    """A button that opens an address."""

    text: str
    url: str


class NewBroadcast(Record):
    """A broadcast as an admin composed it. Times are aware UTC."""

    #: id of its draft: confirmed twice, it is created once
    key: str
    #: first line of its text, for lists
    title: str
    #: the storage channel, which holds its messages
    source_chat_id: int
    #: one message, or the items of an album, ascending
    message_ids: tuple[int, ...] = Field(min_length=1, max_length=MESSAGES_MAX)
    #: one a row; an album has none
    buttons: tuple[LinkButton, ...] = ()
    #: a last button that opts out of broadcasts
    has_stop_button: bool = False
    segment: Segment = Segment()
    silent: bool = False
    pin: bool = False
    created_by: int
    created_at: datetime
    #: when sending starts; at once when it is in the past
    send_at: datetime
    #: minutes until each copy is deleted; 0: never
    lifetime_minutes: int = 0
    #: the message that shows its progress to the admin
    progress_chat_id: int
    progress_message_id: int | None = None
    #: the bot that sent this message; None: written before this was stored
    progress_bot_id: int | None = None


class Broadcast(NewBroadcast):
    """A stored broadcast. Times are aware UTC.

    A row needs only `message_id`, `created_at` and `delete_at`: it was sent by another program, and nobody knows to
    whom (`has_recipients` is False).
    """

    #: the document's `_id` as text
    id: str
    status: BroadcastStatus
    #: when sending started; users who joined later are no recipients
    started_at: datetime | None = None
    #: the last user id for which a row was created, or none was needed; None before the first
    cursor: int | None = None
    #: every recipient has a row
    is_filled: bool = False
    #: when sending ended, with any result
    finished_at: datetime | None = None
    #: when copies are to be deleted next; None: none are
    delete_at: datetime | None = None
    #: an admin requested the deletion of all copies
    is_recall_wanted: bool = False
    #: recipients by state
    counts: dict[str, int] = Field(default_factory=dict)
    #: why it stopped, in a sentence for admins; None when it did not
    error: str | None = None
    #: the admin's progress message shows this status
    is_shown: bool = False
    #: `counts` do not change any more; rows may be removed and are not counted again
    are_counts_final: bool = False
    #: its rows are removed, only `counts` are left
    are_rows_removed: bool = False
    #: whether its recipients are known here
    has_recipients: bool = True

    @model_validator(mode="before")
    @classmethod
    def _of_another_program(cls, row: Any) -> Any:
        if not isinstance(row, dict) or "status" in row or "message_id" not in row:
            return row
        ended: dict[str, Any] = {
            "key": f"earlier {row.get('id')}",
            "title": "",
            "source_chat_id": 0,
            "message_ids": (row["message_id"],),
            "created_by": 0,
            "send_at": row.get("created_at"),
            "progress_chat_id": 0,
            "status": BroadcastStatus.SENT,
            "started_at": row.get("created_at"),
            "finished_at": row.get("created_at"),
            "is_filled": True,
            "is_shown": True,
            "has_recipients": False,
        }
        return {**ended, **{name: value for name, value in row.items() if value is not None or name == "delete_at"}}


class Recipient(Record):
    """One recipient's row of a broadcast."""

    broadcast_id: str
    user_id: int
    state: RecipientState = RecipientState.PENDING
    #: ids of the recipient's copies; empty until they are sent
    message_ids: tuple[int, ...] = ()
    #: the bot whose ids these are; None: written before rows had it, by the only bot there was
    bot_id: int | None = None
    #: copies of a lost answer have ids above `sweep_after` and below `sweep_before`; None: not known
    sweep_after: int | None = None
    sweep_before: int | None = None
    #: of a call without an answer: when its row was claimed
    sent_at: datetime | None = None
    #: the run that claimed it; no other may record its result
    owner: str | None = None
    error: str | None = None


def total(counts: dict[str, int]) -> int:
    """Return the number of recipients."""
    return sum(counts.values())


def remaining(counts: dict[str, int]) -> int:
    """Return the number of recipients without a result."""
    return counts.get(RecipientState.PENDING, 0) + counts.get(RecipientState.SENDING, 0)


def held(counts: dict[str, int]) -> int:
    """Return the number of recipients who have a copy, or may have one because no answer came."""
    return counts.get(RecipientState.SENT, 0) + counts.get(RecipientState.UNKNOWN, 0)


def time_needed(recipients: int, calls_each: int, rate_per_s: float) -> timedelta:
    """Estimate how long sending takes at `rate_per_s` calls a second."""
    return timedelta(seconds=recipients * calls_each / rate_per_s)


def is_missed(send_at: datetime, lifetime_minutes: int, now: datetime) -> bool:
    """Return whether a broadcast that was not started would have been deleted by now."""
    return lifetime_minutes > 0 and send_at + timedelta(minutes=lifetime_minutes) <= now


def due_before(broadcast: Broadcast, now: datetime) -> datetime | None:
    """Return until when copies must have been sent to be due for deletion now.

    None: all are due, whatever time is stored with them; the minimal time: none are.
    """
    if broadcast.is_recall_wanted:
        return None
    if not broadcast.lifetime_minutes:
        return datetime.min.replace(tzinfo=UTC)
    return now - timedelta(minutes=broadcast.lifetime_minutes)


def can_recall(broadcast: Broadcast, now: datetime) -> bool:
    """Return whether a recall is offered; the operation decides again when it is requested."""
    return (
        broadcast.status in (*ENDED, BroadcastStatus.RECALLING)
        and not broadcast.is_recall_wanted
        and not broadcast.are_rows_removed
        and broadcast.finished_at is not None
        and broadcast.finished_at > now - TELEGRAM_DELETE_LIMIT
        and held(broadcast.counts) > 0
    )


def check_button(text: str, url: str) -> LinkButton:
    """Return a button that Telegram accepts. Raises BadInput."""
    if not text.strip() or len(text) > BUTTON_TEXT_MAX:
        raise BadInput(_("What stands on a button has 1 to {most} characters.").format(most=BUTTON_TEXT_MAX))
    if not is_button_address(url):
        words = _("“{url}” is no address for a button. It looks like https://example.org/page.")
        raise BadInput(words.format(url=url[:80]))
    return LinkButton(text=text, url=url)


class FailureStreak:
    """Counts consecutive failures, to stop a broadcast that fails for everyone."""

    def __init__(self) -> None:
        self._content = 0
        self._any = 0

    def sent(self) -> None:
        """Reset the count, because a copy arrived."""
        self._content = self._any = 0

    def failed(self, *, of_content: bool) -> bool:
        """Count a failure; True when the broadcast should stop. Do not call it for blocked recipients."""
        self._content += of_content
        self._any += 1
        return self._content >= CONTENT_FAILURES_MAX or self._any >= FAILURES_MAX
