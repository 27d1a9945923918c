"""Broadcasts: one message to many, one row per recipient (DESIGN §7.5)."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from core.records import Record


class BroadcastStatus(StrEnum):
    """Where a broadcast stands. A closed list."""

    #: waits for its turn
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
    #: it could not be sent at all
    FAILED = "failed"


class RecipientState(StrEnum):
    """What became of one recipient. A closed list."""

    PENDING = "pending"
    #: the call is out; a crash now makes it unknown
    SENDING = "sending"
    #: arrived, and still there as far as we know
    SENT = "sent"
    #: the person has blocked the bot
    BLOCKED = "blocked"
    #: Telegram refused
    FAILED = "failed"
    #: the answer never came: never repeated
    UNKNOWN = "unknown"
    #: arrived and taken back
    DELETED = "deleted"


class Broadcast(Record):
    """One message to many. Times are aware UTC."""

    #: the document's `_id` as text
    id: str
    source_chat_id: int
    message_id: int
    segment: str | None = None
    status: BroadcastStatus
    silent: bool = False
    pin: bool = False
    created_by: int
    created_at: datetime
    #: when it is taken back; None: never
    delete_at: datetime | None = None
    #: recipients by state
    counts: dict[str, int] = Field(default_factory=dict)


class Recipient(Record):
    """One person's row of a broadcast."""

    broadcast_id: str
    user_id: int
    state: RecipientState = RecipientState.PENDING
    #: the person's own copy; None until it was sent
    message_id: int | None = None
    sent_at: datetime | None = None
    error: str | None = None
