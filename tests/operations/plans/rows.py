"""Rows that are the worst case for a bad index.

The rows an operation needs come after many that nearly match: broadcasts recalled long ago, postponed promises, removed
posts, runs by hand since the last tick. Only an index on every relevant field skips them. An operation needs a few rows
whatever the size, unless it reads a share of the collection.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bson import ObjectId

from core.broadcasts import BroadcastStatus, RecipientState
from core.delivery_states import FOREVER, DeliveryState
from core.jobs import JobOutcome
from core.posts import PostStatus, post_words
from core.segments import SegmentKind
from core.shorteners.records import Origin
from core.subscriptions import CHANNELS_MAX, ChannelMode, MembershipStatus, OnError
from core.team.admins import Role
from core.team.sessions import SignInWay
from core.users import user_words
from core.verification import TokenStatus
from database.uncounted import FIELD as UNCOUNTED
from database.uncounted import MARKED as COUNTED
from database.values import Document

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
MS, SECOND, HOUR, DAY = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
#: matching rows of each kind, in a collection of any size (at least 50)
WANTED = 5
BOT = 1
#: a promise that cannot be read, the only one
UNREADABLE = 15
OWNER = "me"
#: unused tokens made before this are old
CUTOFF = NOW - 30 * DAY


#: codes of posts with charges
PAID, PAID_LONG_AGO = "A" * 16, "B" * 16
#: the user with every open token, and very many expired ones
COLLECTOR = 1
#: collections with a maximal number of rows
BOUNDED = {"channels": CHANNELS_MAX - 10, "job_leases": 10, "polling_leases": 3, "shorteners": 50, "event_batches": 1}


def key(number: int) -> ObjectId:
    """Return the `_id` of row `number`."""
    return ObjectId(number.to_bytes(12, "big"))


#: a word of few posts and of few users, none of them new, and one of all
RARE, COMMON = "rarely", "everywhere"
#: the user who never pressed Start
NOT_STARTED = 7
#: a source and a language of few users
SOURCE, LANGUAGE = "ad1", "pt"


def _user(i: int, size: int, wanted: int) -> Document:
    # the user who joined last has the highest id and was seen last
    is_late = i >= size - wanted
    return {
        "user_id": i,
        "username": f"User_{i}",
        "username_key": f"user_{i}",
        "first_name": "Alice",
        "words": list(user_words(f"Alice {COMMON}" + f" {RARE}" * (wanted <= i < 3 * wanted), f"User_{i}")),
        "language": f"{LANGUAGE}-br" if is_late else "en",
        "source": SOURCE if is_late else f"s{i % 40}",
        "last_seen_at": NOW - (size - i) * HOUR,
        "blocked_at": NOW if i % 10 == 0 else None,
        "joined_at": NOW - (size - i) * HOUR,
        "credits": 5 if i % 2 else 0,
        "pass_until": NOW + DAY if is_late else NOW - DAY if i % 2 else None,
        "news_stopped_at": NOW if i % 20 == 1 else None,
        "charges": {PAID: {"at": NOW, "update_key": f"u{i}"}, PAID_LONG_AGO: {"at": NOW - DAY, "update_key": f"u{i}"}},
        "grants": [f"g{i}", *(f"g{i} {number}" for number in range(2))],
        "pending_code": PAID,
        "pending_at": NOW,
        "is_banned": i % 3 == 0,
        # one was banned before the first Start
        **({"has_started": False} if i == NOT_STARTED else {}),
    }


_UNDO: Document = {"content": {"storage_chat_id": -1, "message_ids": [1], "items": []}, "cover": None, "by": 1}


def _words(i: int, wanted: int) -> tuple[str, ...]:
    return post_words(i + 1, f"{i} titles" if i % 2 else f"Title {i}", COMMON + f" {RARE}" * (wanted <= i < 3 * wanted))


def _post(i: int, size: int, wanted: int) -> Document:
    # the newest half is removed
    status = PostStatus.REMOVED if i >= size // 2 else PostStatus.DRAFT if i % 5 == 0 else PostStatus.LIVE
    return {
        "code": f"c{i}",
        "number": i + 1,
        "title": f"{i} titles" if i % 2 else f"Title {i}",
        "words": list(_words(i, wanted)),
        # of the live half: few are scheduled, and few were never announced
        "is_scheduled": i % 50 == 1,
        "is_announced": i % 50 > 2,
        "is_imported": i % 10 == 3,
        "taking_down_since": NOW - DAY + i * SECOND if i < wanted else None,
        "content_undo": {**_UNDO, "until": NOW - i * SECOND} if i < 2 * wanted else None,
        "opened": i,
        "openings": [i],
        "sources": {"insta": i},
        "storage_chat_id": -1,
        "message_ids": [i + 1],
        "item_count": 1,
        "status": status.value,
        "created_by": 1,
        "created_at": NOW,
    }


def token(number: int) -> str:
    """Return the text of token `number`."""
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
        # unused, expired and kept: the clean-up of old tokens must skip them
        return {"status": TokenStatus.UNUSED.value, "expires_at": NOW - DAY - i * MS}
    if i % 10 < 8:
        paid_at = NOW - DAY - i * MS
        paid = {"redeemed_at": paid_at, "granted_at": paid_at} if i % 10 == 7 else {}
        return {"status": TokenStatus.VERIFIED.value, "expires_at": NOW - HOUR - i * MS, **paid}
    return {"status": TokenStatus.BYPASSED.value, "user_id": i, "expires_at": NOW + HOUR + i * MS}


def _token_count(i: int, size: int, wanted: int) -> Document:
    return {"user_id": i, "date": TODAY if i % 2 else TODAY - DAY, "count": 1, "update_keys": [f"u{i}"]}


#: a delivery that anybody may start again, one with copies that stand, and one whose owner is gone
FREE, STANDING, LAPSED = 16, 24, WANTED + 1
#: owner of the deliveries whose lease ran out
GONE = "gone"


def delivery_key(number: int) -> str:
    """Return the `_id` of delivery `number`."""
    return f"{BOT}:{number}:c{number}"


def _delivery(i: int, size: int, wanted: int) -> Document:
    delivery: Document = {
        "_id": delivery_key(i),
        "bot_id": BOT,
        "user_id": i,
        "chat_id": i,
        "post_code": f"c{i}",
        "state": DeliveryState.SENT.value,
        "count": 1,
        "owner": None,
        "until": None,
        "update_key": f"u{i}",
        "update_keys": [f"u{i}"],
        "opened_at": NOW - HOUR - i * MS,
        "sent_at": NOW - HOUR - i * MS,
        "delete_at": NOW + i * SECOND + SECOND,
        "message_ids": [i + 1],
        "notice_message_id": i + 2,
        "attempts": 0,
        "not_before": None,
        "claimed_by": None,
        "claimed_until": None,
        "claim": None,
        "last_error": None,
    }
    return delivery | _how_far(i, wanted)


def _how_far(i: int, wanted: int) -> Document:
    if i < wanted:
        return {"delete_at": NOW - HOUR, "claimed_by": OWNER, "claimed_until": NOW + HOUR, "claim": "run"}
    if i < 2 * wanted:
        # the first cannot be read
        lapsed = {"state": DeliveryState.SENDING.value, "owner": GONE, "until": NOW - HOUR + i * MS}
        return lapsed | ({"tellings": "many"} if i == wanted else {})
    long_ago = NOW - 4 * DAY - i * MS
    over: Document = {"delete_at": None, "opened_at": long_ago, "sent_at": long_ago}
    ways: dict[int, Document] = {
        5: {"state": DeliveryState.SENDING.value, "owner": "another", "until": NOW + i * MS},
        6: over,
        7: over | {"paid_until": long_ago + DAY},
        # never deleted, nor forgotten: they stand before all that are cleaned up
        8: over | {"paid_until": FOREVER, "opened_at": long_ago - 365 * DAY},
        9: over | {"opened_at": None, "state": DeliveryState.REFUSED.value},
    }
    return ways.get(i % 10, {}) if i % 10 > 4 else _due_or_not(i)


def _promise(i: int, size: int, wanted: int) -> Document:
    promise: Document = {
        "bot_id": BOT,
        "user_id": i // 5,
        "chat_id": i // 5,
        "message_ids": [i + 1],
        "notice_message_id": i + 2,
        "post_code": f"c{i}",
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
    return _due_or_not(i)


def _due_or_not(i: int) -> Document:
    due_long_ago = {"delete_at": NOW - DAY - i * SECOND}
    if i % 10 == 0:
        return due_long_ago | {"claimed_by": "another", "claimed_until": NOW + HOUR, "claim": "theirs"}
    if i % 10 == 1:
        return due_long_ago | {"not_before": NOW + HOUR}
    # due just now, after all that are claimed or postponed
    return {"delete_at": NOW - i * MS} if i % 10 < 4 else {}


def _impossible(i: int, size: int, wanted: int) -> Document:
    # the owners were notified of all but a few
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
        "notice": "notice",
    }


#: broadcasts in a status that no other has, whatever the size
OVER, RECALLING, SENDING, PAUSED, PLANNED = range(5)


def _broadcast(i: int, size: int, wanted: int) -> Document:
    broadcast: Document = {
        "key": f"k{i}",
        "title": "News",
        "source_chat_id": -1,
        "message_ids": [i + 1],
        "segment": {"kind": SegmentKind.EVERYBODY.value},
        "created_by": 1,
        "created_at": NOW - 4 * DAY + i * SECOND,
        "send_at": NOW - 4 * DAY + i * SECOND,
        "started_at": None,
        "finished_at": None,
        "delete_at": None,
        "is_recall_wanted": False,
        "progress_chat_id": 1,
        "counts": {},
        "is_shown": True,
        "are_rows_removed": False,
    }
    return broadcast | (_one_broadcast(i) if i <= PLANNED else _many_broadcasts(i, wanted))


def _one_broadcast(i: int) -> Document:
    if i == PLANNED:
        return {"status": BroadcastStatus.QUEUED.value, "is_shown": False}
    started: Document = {"started_at": NOW - HOUR, "delete_at": NOW - i * SECOND, "is_shown": False}
    if i in (SENDING, PAUSED):
        return started | {"status": (BroadcastStatus.SENDING if i == SENDING else BroadcastStatus.PAUSED).value}
    status = BroadcastStatus.SENT if i == OVER else BroadcastStatus.RECALLING
    return started | {"status": status.value, "finished_at": NOW - HOUR}


def _many_broadcasts(i: int, wanted: int) -> Document:
    place = (i - PLANNED - 1) // wanted
    long_over = {"status": BroadcastStatus.SENT.value, "finished_at": NOW - 3 * DAY + i * SECOND}
    if place == 0:
        return {"status": BroadcastStatus.QUEUED.value}
    if place == 1:
        return long_over
    if place == 2:
        return {
            "status": BroadcastStatus.SENT.value,
            "finished_at": NOW - HOUR,
            "delete_at": NOW - i * SECOND,
            "is_shown": False,
        }
    ways: tuple[Document, ...] = (
        {"status": BroadcastStatus.QUEUED.value, "send_at": NOW + DAY + i * SECOND},
        {"status": BroadcastStatus.RECALLED.value, "finished_at": NOW - 3 * DAY, "are_rows_removed": True},
        # sending ended long ago, and its last copies are still to be deleted
        long_over | {"delete_at": NOW + HOUR + i * SECOND},
        {"status": BroadcastStatus.FAILED.value, "finished_at": NOW - HOUR},
    )
    return ways[i % len(ways)]


#: announcements by what is to be done with them: the first of each WANTED, in this order
DUE, TO_EDIT, LEAVING, LAPSED_SENDING, FAILED, UNKNOWN, RENEWING, MARKED = range(8)
#: of every announcement that is planned or was published long ago
GARDEN = -1001


#: kinds of announcements with which something is to be done
KINDS = 8


def announcement_row(i: int, wanted: int = WANTED) -> Document:
    """Return announcement `i`; the first of all cannot be read."""
    row: Document = {
        "key": f"d{i}",
        "post_code": f"p{i}",
        "chat_id": GARDEN,
        "ordinal": 1,
        "publish_at": NOW - 90 * DAY + i * SECOND,
        "due_at": None,
        "source": "ch1",
        "text": None if i == 0 else "Spring album",
        "label": "Open",
        "url": "https://t.me/shop_bot",
        "created_by": 1,
        "created_at": NOW - 90 * DAY,
        "state": "published",
        "count": 1,
        "revision": 0,
        "bot_id": BOT,
        "message_id": i + 1,
        "published_at": NOW - 90 * DAY + i * SECOND,
        "leaves_at": None,
        "edit": None,
        "edit_at": None,
        "is_now": False,
        "is_withdrawal_wanted": False,
        "is_noted": True,
        "is_reported": True,
        "owner": None,
        "until": None,
        "renewal": None,
        "renewal_state": None,
    }
    kind = _kind_of(i, wanted)
    return row | (_many_announcements(i) if kind is None else _few_announcements(i, kind))


def _kind_of(i: int, wanted: int) -> int | None:
    """Return what is to be done with announcement `i`; None for the many that are left alone.

    The first WANTED of each kind are the same however many there are: cases name them by their number.
    """
    if i < KINDS * WANTED:
        return i // WANTED
    return (i - KINDS * WANTED) // (wanted - WANTED) if i < KINDS * wanted else None


def _few_announcements(i: int, kind: int) -> Document:
    soon = {"publish_at": NOW - HOUR + i * SECOND}
    unpublished = {"message_id": None, "published_at": None, **soon}
    return (
        {**unpublished, "state": "planned", "due_at": NOW - HOUR + i * SECOND, "is_reported": False},
        {"edit": "content", "edit_at": NOW - HOUR + i * SECOND, "is_noted": False},
        {"leaves_at": NOW - HOUR + i * SECOND, "bot_id": BOT + 1},
        {**unpublished, "state": "sending", "owner": OWNER, "until": NOW - i * SECOND},
        {**unpublished, "state": "failed"},
        {**unpublished, "state": "unknown"},
        {"renewal": "r1", "renewal_state": "due", "edit": "button", "edit_at": NOW + DAY},
        {"renewal": "r1", "renewal_state": "done"},
    )[kind]


def _many_announcements(i: int) -> Document:
    ways: tuple[Document, ...] = (
        {"state": "planned", "due_at": NOW + DAY + i * SECOND, "publish_at": NOW + DAY + i * SECOND},
        {"leaves_at": NOW + DAY + i * SECOND},
        {"edit": "button", "edit_at": NOW + DAY + i * SECOND, "renewal": "r0", "renewal_state": "due"},
        {"state": "withdrawn", "leaves_at": None, "renewal": "r0", "renewal_state": "done"},
        {"state": "cancelled", "publish_at": NOW + DAY + i * SECOND},
    )
    return ways[i % len(ways)]


def _announcement(i: int, size: int, wanted: int) -> Document:
    return announcement_row(i, wanted)


#: user ids of pending rows, higher than all others
FRESH = 10**6


def _recipient(i: int, size: int, wanted: int) -> Document:
    # all of one broadcast: the copies of the first half are deleted already
    state, sent_at = RecipientState.DELETED if i < size // 2 else RecipientState.SENT, NOW - DAY + i * MS
    user_id = FRESH + i if i < wanted else i
    row: Document = {"_id": f"{key(0)}:{user_id}", "broadcast_id": key(0), "user_id": user_id}
    row |= {"message_ids": [i + 1], "error": None}
    if i < wanted:
        return row | {"state": RecipientState.PENDING.value, "sent_at": None, "owner": None}
    if i < 2 * wanted:
        return row | {"state": RecipientState.SENDING.value, "sent_at": None, "owner": OWNER}
    return row | {"state": state.value, "sent_at": sent_at, "owner": OWNER}


def _lease(i: int, size: int, wanted: int) -> Document:
    return {"_id": f"job {i}", "owner": "another", "until": NOW + (i % 2) * SECOND, "fence": 1}


def _polling_lease(i: int, size: int, wanted: int) -> Document:
    # the third cannot be read
    beat = "seven" if i == 2 else 7
    return {"_id": f"polls:{i}", "owner": OWNER, "process": "", "beat": beat, "standby_beat": 0}


def _run(i: int, size: int, wanted: int) -> Document:
    started_at = NOW - size * HOUR + i * HOUR
    # the later half was requested by hand
    by_hand = i >= size // 2
    run: Document = {
        "job": "token_cleanup" if i % 20 == 7 else "message_deleter",
        "scheduled_at": started_at,
        "started_at": started_at,
        "finished_at": started_at,
        "owner": OWNER,
        "fence": 0,
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
    area = "team" if i < wanted else "post"
    return {
        "at": NOW - (i // 10) * SECOND,
        "admin_id": 2 if i < wanted else 1,
        "area": area,
        "action": f"{area}.renamed",
        "target": f"c{i}",
    }


#: codes of a gift for one and of one for anyone
GIFT, OPEN_GIFT = "g" * 16, "o" * 16


def _gift(i: int, size: int, wanted: int) -> Document:
    code = {0: GIFT, 1: OPEN_GIFT}.get(i, f"{i:016}")
    return {
        "code": code,
        "credits": 5,
        "days": 0,
        "is_for_one": code == GIFT,
        "created_by": 1,
        "created_at": NOW - 40 * DAY,
        "expires_at": NOW - DAY - i * SECOND if i >= size - wanted else NOW + DAY,
        "cancelled_at": None,
    }


def _gift_claim(i: int, size: int, wanted: int) -> Document:
    return {
        "_id": f"{i:016}:{i}",
        "code": OPEN_GIFT if i < wanted else f"{i:016}",
        "user_id": i,
        "credits": 5,
        "days": 0,
        "claimed_at": NOW - HOUR - i * SECOND,
        "is_owed": i < wanted,
        "expires_at": NOW - DAY - i * SECOND if i >= size - wanted else NOW + DAY,
    }


def _day(i: int, size: int, wanted: int) -> Document:
    return {"date": TODAY - i * DAY / 100, "counters": {"tries": 1}, "seq": 1}


def _try(i: int, size: int, wanted: int) -> Document:
    # few have steps to count, and few are of days gone by
    return {
        "_id": f"{i}:c{i % 10}:day",
        "user_id": i,
        "post_code": f"c{i % 10}",
        "date": TODAY - 10 * DAY if i < 2 * wanted else TODAY,
        "step": 2,
        "counted": 1 if i < wanted else 2,
        "is_due": i < wanted,
        "source": None,
    }


def _event_batch(i: int, size: int, wanted: int) -> Document:
    # left by a killed process, after it was added to the day
    left: Document = {"days": [[TODAY, [["counters.tries", 1]]]], "posts": [], "marked": [], "tried": []}
    return {"_id": "last", "seq": 1, "is_open": True, **left}


def _post_day(i: int, size: int, wanted: int) -> Document:
    # one post a day, ten days of each; the latest of today
    counts = {"tries": 4, "joined": 3, "unlocked": 2, "delivered": 1}
    return {"post_code": f"c{i // 10}", "date": TODAY - i % 10 * DAY, **counts, "seq": 1}


def _settings(i: int, size: int, wanted: int) -> Document:
    # a contact that cannot be used, and reads as none
    return {"_id": "settings" if i == 0 else f"other {i}", "pass_hours": 24, "contact": " "}


def _pause(i: int, size: int, wanted: int) -> Document:
    # the other bot's are the last to end
    bot_id, until = (BOT, NOW + HOUR) if i < wanted else (BOT + 1, NOW + DAY) if i % 2 else (BOT, NOW - HOUR)
    noted_at = NOW if i < wanted else NOW - DAY
    return {"_id": f"{bot_id}:{i}", "bot_id": bot_id, "chat": i, "until": until + i * MS, "noted_at": noted_at}


def _shares(i: int, size: int, wanted: int) -> Document:
    row = {"number": 0, "parts": 1, "wants": [0, 0, 0], "valid_s": 4.0, "at": NOW}
    # the third one's version cannot be counted on
    return {"_id": BOT + i, "version": "none" if i == 2 else 0, "members": {OWNER: row}}


def _session(i: int, size: int, wanted: int) -> Document:
    return {"jti": f"s{i}", "expires_at": NOW + (HOUR if i < wanted else -HOUR) - i * MS}


def _open_session(i: int, size: int, wanted: int) -> Document:
    return {
        "sid": f"s{i}",
        "user_id": i,
        "way": SignInWay.LINK.value,
        "device": "Firefox, Linux",
        "signed_in_at": NOW - 12 * HOUR,
        "ends_at": NOW + (HOUR if i < wanted else -HOUR) - i * MS,
    }


def _admin(i: int, size: int, wanted: int) -> Document:
    return {"user_id": i, "role": Role.EDITOR.value, "added_by": 1, "added_at": NOW}


INVITED_BY = 1


def _invitation(i: int, size: int, wanted: int) -> Document:
    ends = NOW - DAY - (wanted - i) * SECOND if i < wanted else NOW + (i - size) * HOUR
    return {
        "fingerprint": f"f{i}",
        "role": Role.EDITOR.value,
        "invited_by": INVITED_BY,
        "expires_at": ends,
        "used_by": i if 2 * wanted <= i else None,
    }


def _login_code(i: int, size: int, wanted: int) -> Document:
    return {"code_hash": f"h{i}", "user_id": i, "expires_at": NOW + (HOUR if i < wanted else -HOUR) - i * MS}


OVER_INCIDENT = "incident that is over"


def _incident(i: int, size: int, wanted: int) -> Document:
    name = OVER_INCIDENT if i == size - 1 else f"incident {i}"
    return {"_id": name, "closed_at": None if i < wanted else NOW - DAY - i * SECOND}


def _unreadable_row(i: int, size: int, wanted: int) -> Document:
    row: Document = {"_id": f"posts:{i}", "collection": "posts", "row": key(i), "problem": "title"}
    if i == 0:
        row |= {"_id": "announcements:first", "collection": "announcements"}
    return row | {"found_at": NOW - i * SECOND, "seen_at": NOW - i * SECOND}


def _migration(i: int, size: int, wanted: int) -> Document:
    return {"_id": f"other {i}", "last": 0}


def _health(i: int, size: int, wanted: int) -> Document:
    return {"_id": "house" if i == 0 else f"other {i}", "at": NOW, "since": NOW}


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


def _shortener(i: int, size: int, wanted: int) -> Document:
    # most were removed, some of them long ago
    is_there = i < 10
    return {
        "code": f"code{i}",
        "name": f"s{i}",
        "name_key": f"s{i}" if is_there else f"removed code{i}",
        "origin": Origin.CHAT.value,
        "api_url": "https://s.example/api",
        "link_hosts": ["l.example"],
        # the fourth was edited by hand
        "share": 0 if i == 3 else 1,
        "is_paused": i % 2 == 1,
        "sealed_key": f"sealed {i}" if is_there else None,
        "removed_at": None if is_there else NOW - i * DAY,
    }


def _shortener_day(i: int, size: int, wanted: int) -> Document:
    return {"name": f"s{i % 10}", "date": TODAY - i // 10 * DAY, "links": 9, "finished": 5, "times": {"s48": 5}}


def _membership(i: int, size: int, wanted: int) -> Document:
    # ten channels, each with everybody
    status = MembershipStatus.REQUESTED if i % 3 == 0 else MembershipStatus.MEMBER
    return {"chat_id": -1 - i % 10, "user_id": i // 10, "status": status.value, "seen_at": NOW - i * SECOND}


def tombstone(number: int) -> str:
    """Return the `_id` of row `number` of `erasures`."""
    return f"{number:064x}"


def _erasure(i: int, size: int, wanted: int) -> Document:
    # of nearly all only the hash is left
    is_open = i < wanted
    return {
        "_id": tombstone(i),
        "user_id": i + 1 if is_open else None,
        "asked_at": NOW - (size - i) * HOUR,
        "next_at": NOW - MS if is_open else None,
        "done_at": None if is_open else NOW - (size - i) * HOUR,
    }


_MAKERS: dict[str, Callable[[int, int, int], Document]] = {
    "users": _user,
    "posts": _post,
    "tokens": _token,
    "token_generator_count": _token_count,
    "deliveries": _delivery,
    "pending_deletions": _promise,
    "impossible_deletions": _impossible,
    "announcements": _announcement,
    "broadcasts": _broadcast,
    "broadcast_recipients": _recipient,
    "job_leases": _lease,
    "polling_leases": _polling_lease,
    "job_runs": _run,
    "audit_log": _audit_entry,
    "gifts": _gift,
    "gift_claims": _gift_claim,
    "daily_stats": _day,
    "tries": _try,
    "post_days": _post_day,
    "event_batches": _event_batch,
    "admin_config": _settings,
    "send_pauses": _pause,
    "erasures": _erasure,
    "send_shares": _shares,
    "revoked_sessions": _session,
    "sessions": _open_session,
    "login_codes": _login_code,
    "admins": _admin,
    "invitations": _invitation,
    "incidents": _incident,
    "health": _health,
    "unreadable_rows": _unreadable_row,
    "migrations": _migration,
    "channels": _channel,
    "memberships": _membership,
    "shorteners": _shortener,
    "shortener_days": _shortener_day,
}
FILLED = frozenset(_MAKERS)


def rows_there_are(collection: str, size: int) -> int:
    """Return how many of `size` rows the collection can have; 0 if no operation queries it."""
    return min(size, BOUNDED.get(collection, size)) if collection in FILLED else 0


def rows_of(collection: str, size: int, wanted: int = WANTED) -> list[Document]:
    """Return `size` documents of the collection, the same every time; `[]` if no operation queries it.

    `wanted` of them match each kind of query (at most a tenth of all).
    """
    count = rows_there_are(collection, size)
    return [
        {"_id": key(i), **_MAKERS[collection](i, count, wanted), **_marks(collection, i, wanted)} for i in range(count)
    ]


#: an event of each collection whose rows can be marked
_EVENTS = {
    "users": "new",
    "deliveries": "whole",
    "tokens": "paid",
    "announcements": "published",
    "broadcasts": "started",
}


def _marks(collection: str, i: int, wanted: int) -> Document:
    """Few rows have an event that is not counted."""
    if collection not in COUNTED:
        return {}
    is_marked = 2 * wanted <= i < 3 * wanted
    return {UNCOUNTED: [f"{_EVENTS[collection]}:1772366400000:"]} if is_marked else {}
