"""Broadcasts: one message to many, one row per recipient (DESIGN §7.5)."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.addresses import is_button_address
from core.delivery import LONGEST_DELETE_AFTER
from core.errors import BadInput
from core.records import Record
from core.segments import Segment

#: messages of one broadcast: an album has at most ten (BOTAPI §3.4)
MESSAGES_MAX = 10
#: how long the copies stay, in minutes; above 47 hours Telegram's 48 would come first (BOTAPI §3.1)
LIFETIME_MIN, LIFETIME_MAX = 10, int(LONGEST_DELETE_AFTER.total_seconds()) // 60
#: buttons under a broadcast, one a row, and the characters on one
BUTTONS_MAX, BUTTON_TEXT_MAX = 10, 64
#: how far ahead a broadcast may be planned
LONGEST_AHEAD = timedelta(days=366)
#: failures of the content in a row, without anything sent, after which a broadcast stops
CONTENT_FAILURES_MAX = 3
#: failures of any kind in a row, without anything sent, after which it stops
FAILURES_MAX = 25


class BroadcastStatus(StrEnum):
    """Where a broadcast stands. A closed list."""

    #: waits for its time or its turn
    QUEUED = "queued"
    #: recipients are being sent to
    SENDING = "sending"
    #: an admin stopped it for now
    PAUSED = "paused"
    #: every recipient had their try
    SENT = "sent"
    #: recipients' messages are being deleted
    RECALLING = "recalling"
    #: nothing of it is left that could be deleted
    RECALLED = "recalled"
    #: an admin ended it before everybody had it
    CANCELLED = "cancelled"
    #: it could not be sent, or not to everybody; `error` says why
    FAILED = "failed"


#: sending is over, and what was sent may still stand
ENDED = (BroadcastStatus.SENT, BroadcastStatus.CANCELLED, BroadcastStatus.FAILED)
#: there is still something to send
UNFINISHED = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING, BroadcastStatus.PAUSED)


class RecipientState(StrEnum):
    """What became of one recipient. A closed list."""

    PENDING = "pending"
    #: the call is out; a crash now makes it unknown
    SENDING = "sending"
    #: arrived, and still there as far as we know
    SENT = "sent"
    #: cannot be written to: blocked the bot, or the account is gone
    BLOCKED = "blocked"
    #: Telegram refused
    FAILED = "failed"
    #: the answer never came: never repeated
    UNKNOWN = "unknown"
    #: arrived and taken back
    DELETED = "deleted"
    #: arrived, and Telegram no longer deletes it
    KEPT = "kept"
    #: wanted no news any more when their turn came
    LEFT_OUT = "left_out"


class LinkButton(Record):
    """A button that opens an address."""

    text: str
    url: str


class NewBroadcast(Record):
    """What an admin put together. Times are aware UTC."""

    #: names the draft it was made of: confirmed twice, it is made once
    key: str
    #: first line of its text, for the list
    title: str
    #: where its messages stand: the storage channel
    source_chat_id: int
    #: one message, or the items of an album, ascending
    message_ids: tuple[int, ...] = Field(min_length=1, max_length=MESSAGES_MAX)
    #: one a row; an album has none
    buttons: tuple[LinkButton, ...] = ()
    #: a button below the others with which one asks for no more news
    has_stop_button: bool = False
    segment: Segment = Segment()
    silent: bool = False
    pin: bool = False
    created_by: int
    created_at: datetime
    #: sending begins then, or at once when it lies in the past
    send_at: datetime
    #: minutes each copy stays after it was sent; 0: for good
    lifetime_minutes: int = 0
    #: where the admin watches it
    progress_chat_id: int
    progress_message_id: int | None = None


class Broadcast(NewBroadcast):
    """One message to many, as it stands. Times are aware UTC."""

    #: the document's `_id` as text
    id: str
    status: BroadcastStatus
    #: when the first recipient's turn came; who joined later is not among them
    started_at: datetime | None = None
    #: the last user id that was looked at for a row; None before the first
    cursor: int | None = None
    #: every recipient has a row
    is_filled: bool = False
    #: when sending ended, however it did
    finished_at: datetime | None = None
    #: when something of it is next to be taken back; None: nothing is
    delete_at: datetime | None = None
    #: an admin wants all of it back, whatever its lifetime
    is_recall_wanted: bool = False
    #: recipients by state
    counts: dict[str, int] = Field(default_factory=dict)
    #: why it stopped, in a sentence for admins; None when it did not
    error: str | None = None
    #: the admin's progress message shows this status
    is_shown: bool = False
    #: nothing of it changes any more, and its rows may be going: they are not to be counted again
    are_counts_final: bool = False
    #: its rows are gone, `counts` is all that is left
    are_rows_removed: bool = False


class Recipient(Record):
    """One person's row of a broadcast."""

    broadcast_id: str
    user_id: int
    state: RecipientState = RecipientState.PENDING
    #: the person's own copies; empty until they were sent
    message_ids: tuple[int, ...] = ()
    sent_at: datetime | None = None
    #: the run that took it; only that one may say what became of it
    owner: str | None = None
    error: str | None = None


def total(counts: dict[str, int]) -> int:
    """Recipients in all."""
    return sum(counts.values())


def remaining(counts: dict[str, int]) -> int:
    """Recipients whose turn has not ended."""
    return counts.get(RecipientState.PENDING, 0) + counts.get(RecipientState.SENDING, 0)


def time_needed(recipients: int, calls_each: int, rate_per_s: float) -> timedelta:
    """About how long sending takes at `rate_per_s` calls a second."""
    return timedelta(seconds=recipients * calls_each / rate_per_s)


def is_missed(send_at: datetime, lifetime_minutes: int, now: datetime) -> bool:
    """True when a broadcast that has not begun would be over by now: its time and its lifetime have passed."""
    return lifetime_minutes > 0 and send_at + timedelta(minutes=lifetime_minutes) <= now


def due_before(broadcast: Broadcast, now: datetime) -> datetime:
    """Copies sent at this instant or earlier are to be taken back now; none is of a broadcast that stays for good."""
    if not broadcast.lifetime_minutes and not broadcast.is_recall_wanted:
        return datetime.min.replace(tzinfo=UTC)
    return now if broadcast.is_recall_wanted else now - timedelta(minutes=broadcast.lifetime_minutes)


def check_button(text: str, url: str) -> LinkButton:
    """A button Telegram takes. Raises BadInput."""
    if not text.strip() or len(text) > BUTTON_TEXT_MAX:
        raise BadInput(f"What stands on a button has 1 to {BUTTON_TEXT_MAX} characters.")
    if not is_button_address(url):
        raise BadInput(f"“{url[:80]}” is no address for a button. It looks like https://example.org/page.")
    return LinkButton(text=text, url=url)


class FailureStreak:
    """Tells when a broadcast should stop because it fails for everybody."""

    def __init__(self) -> None:
        self._content = 0
        self._any = 0

    def sent(self) -> None:
        """Something arrived: it can be sent."""
        self._content = self._any = 0

    def failed(self, *, of_content: bool) -> bool:
        """Count a failure; True when the broadcast should stop. People who cannot be reached are not counted."""
        self._content += of_content
        self._any += 1
        return self._content >= CONTENT_FAILURES_MAX or self._any >= FAILURES_MAX
