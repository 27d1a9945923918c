"""Every index of every collection: those of DESIGN §4, a plain one often with more fields behind them.

What an operation gives comes first, then what it sorts by, so that it reads what it returns and hardly more, however
many others there are: `tests/operations/test_plans.py` holds each query against this list.
"""

from dataclasses import dataclass

from core.errors import AlreadyThere, StoreRefused
from database.connection import Database


@dataclass(frozen=True, slots=True)
class Index:
    """Fields in order, each ascending."""

    fields: tuple[str, ...]
    unique: bool = False

    @property
    def name(self) -> str:
        """The name MongoDB gives it."""
        return "_".join(f"{field}_1" for field in self.fields)


def _unique(*fields: str) -> Index:
    return Index(fields, unique=True)


def _plain(*fields: str) -> Index:
    return Index(fields)


INDEXES: dict[str, tuple[Index, ...]] = {
    # source, user_id: a broadcast goes to those who came by one of many links, page after page
    "users": (
        _unique("user_id"),
        _plain("last_seen_at"),
        _plain("blocked_at"),
        _plain("source", "user_id"),
        # the day's newcomers
        _plain("joined_at"),
    ),
    # title_key is the title folded for the search by its beginning; status: pages of what is not removed, newest first
    "posts": (_unique("code"), _unique("number"), _plain("title_key"), _plain("status", "number")),
    # created_at: unused tokens that expired long ago stand among all that are kept
    "tokens": (
        _unique("token"),
        _plain("status", "expires_at"),
        _plain("status", "created_at"),
        _plain("user_id", "status", "expires_at"),
        # what a start looks for after a crash: redeemed and not paid out
        _plain("is_owed", "redeemed_at"),
        # how many went the way on a day, and how many cut it short
        _plain("verified_at"),
        _plain("bypassed_at"),
    ),
    "token_generator_count": (_unique("user_id", "date"), _plain("date")),
    # claimed_until: deliveries that came to nothing have no other time. is_unfinished: what a start looks for after a
    # crash, and all else as it grows old
    "deliveries": (_plain("opened_at", "claimed_until"), _plain("is_unfinished", "opened_at")),
    "pending_deletions": (
        _plain("delete_at", "claimed_until"),
        # what a bot claims: what is held or put off is passed over without being read
        _plain("bot_id", "delete_at", "claimed_until", "not_before"),
        _plain("chat_id"),
        # every /me asks for the open deliveries of one person
        _plain("user_id", "delete_at"),
        # what a stop hands back
        _plain("claimed_by", "delete_at"),
        # what a start looks for after a crash: nearly every promise has its notice
        _plain("notice_message_id", "delete_at"),
    ),
    # deliveries that stay for good: of all that ever were, those the owners have not heard of
    "impossible_deletions": (_plain("bot_id", "is_told", "reason", "at"), _plain("is_told", "at")),
    "broadcasts": (
        # names the draft: confirmed twice, it is made once
        _unique("key"),
        _plain("status", "send_at"),
        _plain("delete_at"),
        _plain("created_at"),
        _plain("is_shown", "created_at"),
        # whose rows can go: nothing of it is to be taken back
        _plain("are_rows_removed", "delete_at", "finished_at"),
        # what was begun on a day, and what ended
        _plain("started_at"),
        _plain("finished_at"),
    ),
    # a recall takes those sent oldest first, sending those pending by their ids, page after page
    "broadcast_recipients": (
        _unique("broadcast_id", "user_id"),
        _plain("broadcast_id", "state", "sent_at"),
        _plain("broadcast_id", "state", "user_id"),
    ),
    "channels": (_unique("chat_id"), _plain("position", "chat_id")),
    # every delivery asks for one person in several channels; status: requests to join never grow old
    "memberships": (_unique("chat_id", "user_id"), _plain("user_id", "chat_id"), _plain("seen_at", "status")),
    "admins": (_unique("user_id"),),
    # _id tells apart what happened in one instant
    "audit_log": (_plain("at", "_id"),),
    "job_runs": (
        _unique("job", "scheduled_at"),
        _plain("started_at"),
        _plain("job", "started_at"),
        # the last tick, behind any number of runs by hand
        _plain("job", "requested_by", "scheduled_at"),
        # what waits for somebody to begin it has no owner and no outcome
        _plain("owner", "outcome", "started_at"),
        # runs that never ended have no outcome: those under older leases are given up
        _plain("job", "outcome", "fence"),
    ),
    "daily_stats": (_unique("date"),),
    # what Telegram asked to wait: one bot's read at its start, the past ones of all deleted
    "send_pauses": (_plain("bot_id", "until"), _plain("until")),
    "incidents": (_plain("closed_at"),),
    "revoked_sessions": (_unique("jti"), _plain("expires_at")),
    "login_codes": (_unique("code_hash"), _plain("expires_at")),
}


async def ensure_indexes(db: Database) -> list[str]:
    """Build the indexes that are missing; returns all of them as "collection.name". May be repeated, not atomic.

    Raises StoreRefused naming collection, index and fields when one cannot be built: usually, for a unique one,
    because two documents have the same values.
    """
    built = []
    for collection, indexes in INDEXES.items():
        for index in indexes:
            built.append(f"{collection}.{await _ensure(db, collection, index)}")
    # FerretDB says yes to an index that stands with other options and leaves it as it is
    not_built = await missing_indexes(db)
    if not_built:
        raise StoreRefused(f"{', '.join(not_built)}: an older index of that name is in the way; drop it and try again")
    return built


async def _ensure(db: Database, collection: str, index: Index) -> str:
    fields = " and ".join(index.fields)
    try:
        return await db.collection(collection).create_index([(field, 1) for field in index.fields], unique=index.unique)
    except AlreadyThere as error:
        raise StoreRefused(
            f"{collection}: two or more documents have the same {fields}, so the unique index {index.name} cannot be "
            "built; remove all but one of each and try again"
        ) from error
    except StoreRefused as error:
        # an index of that name with other options; or a server that does not name duplicates as the reason (FerretDB)
        raise StoreRefused(
            f"{collection}: the index {index.name} cannot be built ({error}); the usual reasons are an older index of "
            f"that name with other options, or, for a unique one, documents with the same {fields}"
        ) from error


async def missing_indexes(db: Database) -> list[str]:
    """The indexes that do not stand, or are not unique though they should be, as "collection.name". Changes nothing."""
    missing = []
    for collection, indexes in INDEXES.items():
        standing = await db.collection(collection).indexes()
        missing += [f"{collection}.{index.name}" for index in indexes if not _stands(index, standing)]
    return missing


def _stands(index: Index, standing: dict[str, bool]) -> bool:
    return index.name in standing and (standing[index.name] or not index.unique)
