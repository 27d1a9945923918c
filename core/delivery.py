"""Deliveries, and the promise to delete them."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import model_validator

from core.posts import Post
from core.records import Record
from core.settings import BotSettings

#: Telegram deletes nothing older (BOTAPI §3.1)
TELEGRAM_DELETE_LIMIT = timedelta(hours=48)
#: the longest accepted time until deletion, so that the deleter always comes before Telegram's limit (BOTAPI §3.1)
LONGEST_DELETE_AFTER = timedelta(hours=47)
#: in the last hours before Telegram's limit a deletion goes before everything else
URGENT_FROM = TELEGRAM_DELETE_LIMIT - timedelta(hours=6)
#: Telegram deletes no dice in a private chat before this age (BOTAPI §3.1)
DICE_LIMIT = timedelta(hours=24)
#: ids looked through in one chat for what a lost answer left there
SWEEP_MAX = 2000
#: a second tap on the same post within this time after the first is the same request
DOUBLE_TAP = timedelta(seconds=3)

#: first and longest pause between two attempts to delete a delivery
RETRY_FIRST = timedelta(seconds=30)
RETRY_LONGEST = timedelta(hours=1)


class PendingDeletion(Record):
    """The stored promise to delete a delivery at `delete_at`. Times are aware UTC.

    A row needs only `user_id`, `chat_id`, `message_ids` and `delete_at`.
    """

    #: the document's `_id` as text
    id: str
    #: the bot whose ids these are; None: written before rows had it, by the only bot there was
    bot_id: int | None = None
    user_id: int
    chat_id: int
    #: empty until the ids of the copies are known; stays empty when the call's answer was lost
    message_ids: tuple[int, ...] = ()
    notice_message_id: int | None = None
    #: the reply that points to the copies; it goes with them
    pointer_message_id: int | None = None
    #: of the post when it was sent; "": it had none, or the row is of an older version
    title: str = ""
    #: the post's own access makes it free
    is_free: bool = False
    #: what the subscriber was spoken to in; "": not known
    language: str = ""
    #: empty: not known, so that the post cannot be offered again
    post_code: str = ""
    #: which delivery of its row this is; 0 when it has a row of its own
    count: int = 0
    #: `delete_at` when the row has none: the latest time it can be, so that the age alone ends no promise too soon
    sent_at: datetime
    is_sent_at_known: bool = True
    delete_at: datetime
    #: "sending": in progress; "sent"; "unknown": Telegram's answer never came; None: written before there were states
    state: str | None = None
    #: the copies of a lost answer have ids above `sweep_after` and below `sweep_before` (None: not known)
    sweep_after: int | None = None
    sweep_before: int | None = None
    #: ids between them that are known to be other messages
    known_ids: tuple[int, ...] = ()
    attempts: int = 0
    not_before: datetime | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    last_error: str | None = None
    #: everything else of the subscriber is deleted
    is_erased: bool = False

    @property
    def all_ids(self) -> tuple[int, ...]:
        """The messages to delete: the copies, and the reply that points to them."""
        return self.message_ids if self.pointer_message_id is None else (*self.message_ids, self.pointer_message_id)

    @model_validator(mode="before")
    @classmethod
    def _without_sent_at(cls, row: Any) -> Any:
        if isinstance(row, dict) and row.get("sent_at") is None and "delete_at" in row:
            return {**row, "sent_at": row["delete_at"], "is_sent_at_known": False}
        return row


def deletion_time(sent_at: datetime, minutes: int) -> datetime | None:
    """Return when a delivery is deleted; None when `minutes` is 0 (never).

    Raises ValueError above 47 hours, because Telegram deletes nothing older than 48.
    """
    if minutes == 0:
        return None
    if minutes < 0 or timedelta(minutes=minutes) > LONGEST_DELETE_AFTER:
        raise ValueError("a deletion time is 0 (never) or 1 to 2820 minutes")
    return sent_at + timedelta(minutes=minutes)


def minutes_to_live(post: Post, settings: BotSettings) -> int:
    """Return the minutes until a delivery of `post` is deleted; 0: never. The post's own value precedes the setting."""
    return settings.delete_after_minutes if post.delete_after_minutes is None else post.delete_after_minutes


def is_protected(post: Post, settings: BotSettings) -> bool:
    """Return whether a delivery of `post` cannot be saved or forwarded. The post's own value precedes the setting."""
    return settings.protect_content if post.protect is None else post.protect


def password_of(post: Post, settings: BotSettings) -> str | None:
    """Return the archive password shown under a delivery of `post`; None for none.

    The post's own is always shown; the setting's only where the post has an archive, and never when its own is "".
    """
    if post.password is not None:
        return post.password or None
    return settings.post_password if post.has_archive else None


def is_too_old(sent_at: datetime, now: datetime) -> bool:
    """Return whether Telegram no longer deletes a message of `sent_at` (48 hours and more)."""
    return now - sent_at >= TELEGRAM_DELETE_LIMIT


def is_near_limit(sent_at: datetime, now: datetime) -> bool:
    """Return whether less than six hours are left until Telegram no longer deletes a message of `sent_at`."""
    return now - sent_at > URGENT_FROM


def is_urgent(promise: PendingDeletion, now: datetime) -> bool:
    """Return whether `is_near_limit` holds for these messages, or may hold because their age is not known."""
    sent_at = promise.sent_at if promise.is_sent_at_known else promise.delete_at - LONGEST_DELETE_AFTER
    return is_near_limit(sent_at, now)


def dice_time(sent_at: datetime, now: datetime) -> datetime | None:
    """Return when to retry a message that Telegram refuses to delete: a dice is deletable after 24 hours.

    None when it is older, so that a refusal is final.
    """
    return sent_at + DICE_LIMIT + timedelta(minutes=1) if now - sent_at < DICE_LIMIT else None


def retry_pause(attempts: int) -> timedelta:
    """Return the pause after the `attempts`-th failed attempt (1, 2, ...): doubling from 30 s up to an hour."""
    doublings: int = min(max(attempts, 1) - 1, 10)
    return min(RETRY_FIRST * (1 << doublings), RETRY_LONGEST)
