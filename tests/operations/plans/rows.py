"""Collections as a bad index would hate them.

What an operation looks for stands behind many rows that are nearly it: broadcasts long recalled, promises put off,
posts removed, runs by hand since the last tick. Only an index on all that matters passes them over. What an operation
looks for is a few rows whatever the size, unless it asks for a share of the collection.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bson import ObjectId

from core.broadcasts import BroadcastStatus, RecipientState
from core.jobs import JobOutcome
from core.posts import PostStatus
from core.subscriptions import CHANNELS_MAX, ChannelMode, MembershipStatus, OnError
from core.verification import TokenStatus
from database.values import Document

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
MS, SECOND, HOUR, DAY = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
#: rows of each kind an operation looks for, in a collection of any size (at least 50)
WANTED = 5
BOT = 1
#: a promise an older version wrote, the only one of its kind
UNREADABLE = 15
OWNER = "me"
#: unused tokens made before this are old
CUTOFF = NOW - 30 * DAY


#: codes of posts somebody paid for
PAID, PAID_LONG_AGO = "A" * 16, "B" * 16
#: who holds every open token, and very many that expired
COLLECTOR = 1
#: collections that never grow beyond some rows
BOUNDED = {"channels": CHANNELS_MAX - 10}


def key(number: int) -> ObjectId:
    """The `_id` of row `number`, known before it is stored."""
    return ObjectId(number.to_bytes(12, "big"))


def _user(i: int, size: int, wanted: int) -> Document:
    return {
        "user_id": i,
        "username": None,
        "first_name": "Alice",
        "language": "en",
        "last_seen_at": NOW - i * HOUR,
        "blocked_at": NOW if i % 10 == 0 else None,
        "joined_at": NOW - size * HOUR,
        "credits": 5 if i % 2 else 0,
        "pass_until": None,
        "charges": {PAID: {"at": NOW, "mark": f"u{i}"}, PAID_LONG_AGO: {"at": NOW - DAY, "mark": f"u{i}"}},
        "grants": [f"g{i}", *(f"g{i} {number}" for number in range(2))],
        "wanted_code": PAID,
        "wanted_at": NOW,
        "is_banned": i % 3 == 0,
    }


def _post(i: int, size: int, wanted: int) -> Document:
    # the newest half is removed
    status = PostStatus.REMOVED if i >= size // 2 else PostStatus.DRAFT if i % 5 == 0 else PostStatus.LIVE
    return {
        "code": f"c{i}",
        "number": i + 1,
        "title": f"{i} titles" if i % 2 else f"Title {i}",
        "title_key": f"{i} titles" if i % 2 else f"title {i}",
        "storage_chat_id": -1,
        "message_ids": [i + 1],
        "item_count": 1,
        "status": status.value,
        "created_by": 1,
        "created_at": NOW,
    }


def token(number: int) -> str:
    """The text of token `number`."""
    return f"{number:032}"


def _token(i: int, size: int, wanted: int) -> Document:
    made: Document = {
        "token": token(i),
        "user_id": COLLECTOR,
        "redeemed_at": None,
        "has_page": False,
        "is_owed": False,
        "is_replacement": False,
        "replaced_for": None,
    }
    made |= _way_of(i, wanted)
    return made | {"created_at": made["expires_at"] - 2 * DAY}


def _way_of(i: int, wanted: int) -> Document:
    if i < wanted:
        return {"status": TokenStatus.UNUSED.value, "expires_at": CUTOFF - DAY - i * SECOND}
    if i < 2 * wanted:
        # redeemed after many that were paid out
        owed = {"redeemed_at": NOW - HOUR + i * MS, "is_owed": True}
        return {"status": TokenStatus.VERIFIED.value, "user_id": i, "expires_at": NOW + 30 * DAY, **owed}
    if i < 3 * wanted:
        return {"status": TokenStatus.UNUSED.value, "expires_at": NOW + HOUR + i * SECOND}
    if i % 10 < 6:
        # unused, expired, kept: what the clean-up of old ones must pass over
        return {"status": TokenStatus.UNUSED.value, "expires_at": NOW - DAY - i * MS}
    if i % 10 < 8:
        paid_at = NOW - DAY - i * MS
        paid = {"redeemed_at": paid_at, "granted_at": paid_at} if i % 10 == 7 else {}
        return {"status": TokenStatus.VERIFIED.value, "expires_at": NOW - HOUR - i * MS, **paid}
    return {"status": TokenStatus.BYPASSED.value, "user_id": i, "expires_at": NOW + HOUR + i * MS}


def _token_count(i: int, size: int, wanted: int) -> Document:
    return {"user_id": i, "date": TODAY if i % 2 else TODAY - DAY, "count": 1, "marks": [f"u{i}"]}


#: the delivery that is held
HELD = 7


def _delivery(i: int, size: int, wanted: int) -> Document:
    return {
        "_id": f"{BOT}:{i}:c{i}",
        "bot_id": BOT,
        "user_id": i,
        "post_code": f"c{i}",
        "opened_at": NOW - HOUR - i * SECOND,
        "claimed_until": NOW + HOUR / 2 if i == HELD else NOW - HOUR,
        "is_unfinished": i < wanted,
        "mark": "u1" if i == HELD else "",
        "count": 1,
    }


def _promise(i: int, size: int, wanted: int) -> Document:
    promise: Document = {
        "bot_id": BOT,
        "user_id": i // 5,
        "chat_id": i // 5,
        "message_ids": [i + 1],
        "notice_message_id": i + 2,
        "post_code": f"c{i}",
        "wish": f"u{i}",
        "sent_at": NOW - 2 * HOUR,
        "delete_at": NOW + i * SECOND + SECOND,
        "attempts": 0,
        "not_before": None,
        "claimed_by": None,
        "claimed_until": None,
        "claim": None,
        "last_error": None,
    }
    return promise | _what_became_of(i, wanted)


def _what_became_of(i: int, wanted: int) -> Document:
    if i == UNREADABLE:
        return {"post_code": None}
    if i < wanted:
        return {"delete_at": NOW - HOUR, "claimed_by": OWNER, "claimed_until": NOW + HOUR, "claim": "run"}
    if i < 2 * wanted:
        # cut off in the middle, and the last to be due of all
        return {"delete_at": NOW + 10_000 * DAY + i * SECOND, "message_ids": [], "notice_message_id": None}
    if i < 3 * wanted:
        return {"delete_at": NOW - HOUR, "message_ids": []}
    due_long_ago = {"delete_at": NOW - DAY - i * SECOND}
    if i % 10 == 0:
        return due_long_ago | {"claimed_by": "another", "claimed_until": NOW + HOUR, "claim": "theirs"}
    if i % 10 == 1:
        return due_long_ago | {"not_before": NOW + HOUR}
    # due a moment ago, behind all that are held or put off
    return {"delete_at": NOW - i * MS} if i % 10 < 4 else {}


def _impossible(i: int, size: int, wanted: int) -> Document:
    # all but a few were told to the owners
    return {
        "bot_id": BOT,
        "chat_id": i,
        "post_code": f"c{i}",
        "message_ids": [i + 1],
        "sent_at": NOW - 3 * DAY,
        "delete_at": NOW - 2 * DAY,
        "reason": "too_old" if i % 2 else "unknown",
        "at": NOW - DAY + i * MS,
        "is_told": i >= wanted,
    }


def _broadcast(i: int, size: int, wanted: int) -> Document:
    if i < wanted:
        status, delete_at = BroadcastStatus.SENT, NOW - i * SECOND
    elif i % 2:
        status, delete_at = BroadcastStatus.RECALLED, NOW - DAY - i * SECOND
    else:
        status, delete_at = BroadcastStatus.SENT, NOW + HOUR + i * SECOND
    if i == wanted:
        status = BroadcastStatus.RECALLING
    return {
        "source_chat_id": 1,
        "message_id": i,
        "status": status.value,
        "created_by": 1,
        "created_at": NOW - 2 * DAY,
        "delete_at": delete_at,
    }


def _recipient(i: int, size: int, wanted: int) -> Document:
    # all of one broadcast: the first half was taken back already
    return {
        "broadcast_id": key(0),
        "user_id": i,
        "state": (RecipientState.DELETED if i < size // 2 else RecipientState.SENT).value,
        "message_id": i,
        "sent_at": NOW - DAY + i * MS,
        "error": None,
    }


def _run(i: int, size: int, wanted: int) -> Document:
    started_at = NOW - size * HOUR + i * HOUR
    # the younger half was asked for by hand
    by_hand = i >= size // 2
    run: Document = {
        "job": "token_cleanup" if i % 20 == 7 else "message_deleter",
        "scheduled_at": started_at,
        "started_at": started_at,
        "finished_at": started_at,
        "owner": OWNER,
        "outcome": JobOutcome.SUCCEEDED.value,
        "counts": {},
        "requested_by": "hand" if by_hand else None,
    }
    if i < wanted:
        return run | {"finished_at": None, "outcome": None, "job": "rare"}
    if i % 4 == 0:
        return run | {"finished_at": None, "outcome": JobOutcome.ABANDONED.value}
    return run


def _audit_entry(i: int, size: int, wanted: int) -> Document:
    # ten at the same instant
    return {"at": NOW - (i // 10) * SECOND, "admin_id": 1, "action": "post.renamed", "target": f"c{i}"}


def _day(i: int, size: int, wanted: int) -> Document:
    return {"date": TODAY - i * DAY / 100, "counters": {"deliveries": 1}}


def _settings(i: int, size: int, wanted: int) -> Document:
    return {"_id": "settings" if i == 0 else f"other {i}", "pass_hours": 24}


def _pause(i: int, size: int, wanted: int) -> Document:
    # the other bot's are the last to end
    bot_id, until = (BOT, NOW + HOUR) if i < wanted else (BOT + 1, NOW + DAY) if i % 2 else (BOT, NOW - HOUR)
    return {"_id": f"{bot_id}:{i}", "bot_id": bot_id, "chat": i, "until": until + i * MS}


def _channel(i: int, size: int, wanted: int) -> Document:
    return {
        "chat_id": -1 - i,
        "title": f"Channel {i}",
        "invite_link": "https://t.me/+x",
        "mode": ChannelMode.JOIN.value,
        "on_error": OnError.OPEN.value,
        "broken_since": NOW if i % 2 else None,
        "is_paused": False,
        "position": size - i,
        "joined_count": 0,
    }


def _membership(i: int, size: int, wanted: int) -> Document:
    # ten channels, each with everybody
    status = MembershipStatus.REQUESTED if i % 3 == 0 else MembershipStatus.MEMBER
    return {"chat_id": -1 - i % 10, "user_id": i // 10, "status": status.value, "seen_at": NOW - i * SECOND}


_MAKERS: dict[str, Callable[[int, int, int], Document]] = {
    "users": _user,
    "posts": _post,
    "tokens": _token,
    "token_generator_count": _token_count,
    "deliveries": _delivery,
    "pending_deletions": _promise,
    "impossible_deletions": _impossible,
    "broadcasts": _broadcast,
    "broadcast_recipients": _recipient,
    "job_runs": _run,
    "audit_log": _audit_entry,
    "daily_stats": _day,
    "admin_config": _settings,
    "send_pauses": _pause,
    "channels": _channel,
    "memberships": _membership,
}
FILLED = frozenset(_MAKERS)


def rows_there_are(collection: str, size: int) -> int:
    """How many of `size` rows the collection takes; 0 for one no operation asks."""
    return min(size, BOUNDED.get(collection, size)) if collection in FILLED else 0


def rows_of(collection: str, size: int, wanted: int = WANTED) -> list[Document]:
    """`size` documents of the collection, the same every time; `[]` for one no operation asks.

    Of each kind that is looked for `wanted` are among them (at most a tenth of all).
    """
    count = rows_there_are(collection, size)
    return [{"_id": key(i), **_MAKERS[collection](i, count, wanted)} for i in range(count)]
