"""Deliveries, and the promise to delete them."""

from datetime import datetime, timedelta

from core.posts import Post
from core.records import Record
from core.settings import BotSettings

#: Telegram deletes nothing older (BOTAPI §3.1)
TELEGRAM_DELETE_LIMIT = timedelta(hours=48)
#: the longest accepted time until deletion, so that the deleter always comes before Telegram's limit (BOTAPI §3.1)
LONGEST_DELETE_AFTER = timedelta(hours=47)
#: a second tap on the same post within this time after the first is the same request
DOUBLE_TAP = timedelta(seconds=3)

#: first and longest pause between two attempts to delete a delivery
RETRY_FIRST = timedelta(seconds=30)
RETRY_LONGEST = timedelta(hours=1)


class PendingDeletion(Record):
    """The stored promise to delete a delivery at `delete_at`. Times are aware UTC."""

    #: the document's `_id` as text
    id: str
    bot_id: int
    user_id: int
    chat_id: int
    #: empty until the ids of the copies are known; stays empty when the call's answer was lost
    message_ids: tuple[int, ...] = ()
    notice_message_id: int | None = None
    post_code: str
    #: which delivery of its row this is; 0 when it has a row of its own
    count: int = 0
    sent_at: datetime
    delete_at: datetime
    attempts: int = 0
    not_before: datetime | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    last_error: str | None = None


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


def is_too_old(sent_at: datetime, now: datetime) -> bool:
    """Return whether Telegram no longer deletes a message of `sent_at` (48 hours and more)."""
    return now - sent_at >= TELEGRAM_DELETE_LIMIT


def retry_pause(attempts: int) -> timedelta:
    """Return the pause after the `attempts`-th failed attempt (1, 2, ...): doubling from 30 s up to an hour."""
    doublings: int = min(max(attempts, 1) - 1, 10)
    return min(RETRY_FIRST * (1 << doublings), RETRY_LONGEST)
