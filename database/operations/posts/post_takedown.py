"""Taking a post down everywhere: its link is closed, and every copy that Telegram still deletes is due at once.

Copies stand as promises in `deliveries` and `pending_deletions`; those of a post that is never deleted stand without a
time. A post is marked until no copy is left to bring forward, so the work resumes after a kill.
"""

from dataclasses import dataclass
from datetime import datetime

from core.delivery import TELEGRAM_DELETE_LIMIT
from core.delivery_states import DeliveryState
from core.posts import Post, PostStatus
from core.records import Record
from database.collection import Collection
from database.connection import current_database
from database.operations.deletion_ops import AT_REST, LONG_AGO, promise_homes
from database.operations.posts.post_ops import READ
from database.readable import find_records, reader, record_of
from database.values import Document

#: copies that stand without a time: some ids are known, or an answer was lost and its place is
_STANDS: Document = {
    "$or": [
        {"message_ids.0": {"$exists": True}},
        {"state": DeliveryState.UNKNOWN, "notice_message_id": {"$gt": 0}},
    ]
}


@dataclass(frozen=True, slots=True)
class PostCopies:
    """The copies of a post that subscribers have: one delivery counts once, however many messages it has."""

    #: deleted by `take_down`
    deletable: int
    #: older than Telegram's 48 hours: only the subscribers can delete them
    too_old: int

    @property
    def standing(self) -> int:
        """Those that stay when the post is only removed."""
        return self.deletable + self.too_old


class _Marked(Record):
    """A post that is being taken down."""

    code: str
    taking_down_since: datetime


def _posts() -> Collection:
    return current_database().collection("posts")


def _timed(code: str, now: datetime) -> Document:
    return {"post_code": code, "delete_at": {"$gt": now}}


def _untimed(code: str, now: datetime) -> Document:
    """Copies that are never deleted, and that Telegram would still delete."""
    return {"post_code": code, "delete_at": None, "sent_at": {"$gt": now - TELEGRAM_DELETE_LIMIT}}


async def count_copies(code: str, now: datetime) -> PostCopies:
    """Count the copies of a post that stand. Four commands: for a confirm screen."""
    deliveries, promises = promise_homes()
    timed = await deliveries.count(_timed(code, now)) + await promises.count(_timed(code, now))
    untimed = await deliveries.count({**_untimed(code, now), **_STANDS})
    old: Document = {"post_code": code, "delete_at": None, "sent_at": {"$lte": now - TELEGRAM_DELETE_LIMIT}}
    return PostCopies(timed + untimed, await deliveries.count({**old, **_STANDS}))


async def take_down(code: str, *, by: int, at: datetime) -> Post | None:
    """Close the link and mark the post, so that the message deleter deletes every copy it can; atomic.

    None when there is no post. `post_ops.restore` ends it.
    """
    fields: Document = {
        "status": PostStatus.REMOVED,
        "taking_down_since": at,
        "changes.status": {"by": by, "at": at},
    }
    found = await _posts().find_one_and_update({"code": code}, {"$set": fields})
    return await record_of(_posts(), found, READ)


async def find_taking_down(limit: int) -> list[tuple[str, datetime]]:
    """Return code and beginning of up to `limit` posts that are being taken down, the oldest first."""
    # a null would sort first
    marked: Document = {"taking_down_since": {"$gt": LONG_AGO}}
    fields = ["code", "taking_down_since"]
    found = await find_records(
        _posts(), reader(_Marked), marked, limit=limit, sort=[("taking_down_since", 1)], projection=fields
    )
    return [(one.code, one.taking_down_since) for one in found]


async def bring_forward(code: str, now: datetime, limit: int) -> int:
    """Make up to `limit` copies of the post due now; returns how many, 0 when none is left. Each one atomically.

    Those that are being sent are left to a later call: their owner writes their time anew.
    """
    deliveries, promises = promise_homes()
    moved = 0
    for home, standing in (
        (deliveries, {**_timed(code, now), **AT_REST}),
        (promises, {**_timed(code, now), **AT_REST}),
        (deliveries, {**_untimed(code, now), **_STANDS, **AT_REST}),
    ):
        if moved < limit:
            moved += await _make_due(home, standing, now, limit - moved)
    return moved


async def _make_due(home: Collection, standing: Document, now: datetime, limit: int) -> int:
    found = await home.find(standing, limit=limit, projection=["_id"])
    if not found:
        return 0
    # the condition again: a delivery may have been started or deleted between the two
    those: Document = {"_id": {"$in": [document["_id"] for document in found]}, **standing}
    return await home.update_many(those, {"$set": {"delete_at": now, "not_before": None}})


async def is_being_sent(code: str, now: datetime) -> bool:
    """Return whether a copy of the post is on its way, which `bring_forward` leaves alone."""
    deliveries, _ = promise_homes()
    sending: Document = {"state": DeliveryState.SENDING}
    for standing in (_timed(code, now), _untimed(code, now)):
        if await deliveries.find_one({**standing, **sending}, projection=["_id"]) is not None:
            return True
    return False


async def end_take_down(code: str, since: datetime) -> bool:
    """Unmark the post, if it is still the same taking down; atomic, may be repeated."""
    mark: Document = {"code": code, "taking_down_since": since}
    return await _posts().update_one(mark, {"$set": {"taking_down_since": None}})
