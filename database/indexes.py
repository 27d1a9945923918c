"""Every index of every collection: those of DESIGN §4, often with further fields.

Fields an operation compares come first, then those it sorts by: it reads what it returns and hardly more, however large
the collection is. `tests/operations/test_plans.py` checks each query against this list.
"""

from dataclasses import dataclass

from core.errors import AlreadyThere, StoreRefused
from database.connection import Database
from database.index_builds import IndexBuilder, Told
from database.migrations.first_keys import give_keys


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


#: of the two collections with copies to delete
_PROMISES = (
    _plain("delete_at", "claimed_until"),
    # claims of one bot: claimed and postponed promises are skipped in the index, without reading the document
    _plain("bot_id", "delete_at", "claimed_until", "not_before"),
    _plain("chat_id"),
    # /me: open deliveries of one subscriber
    _plain("user_id", "delete_at"),
    # claims released at a stop
    _plain("claimed_by", "delete_at"),
    # copies of one post, wherever they are: those with a time, and those that stay by the age Telegram allows
    _plain("post_code", "delete_at", "sent_at"),
)

#: the few rows with events that are not counted yet
_UNCOUNTED = _plain("uncounted")

INDEXES: dict[str, tuple[Index, ...]] = {
    # source, user_id: recipients of a broadcast to the subscribers of one link, page by page. words: one key for each
    # word of the name. Each list is one range of an index; none but last_seen_at changes with every visit
    "users": (
        _unique("user_id"),
        _plain("last_seen_at"),
        _plain("blocked_at"),
        _plain("source", "user_id"),
        _plain("joined_at"),
        _plain("source", "joined_at"),
        _plain("is_banned", "joined_at"),
        _plain("pass_until"),
        _plain("words"),
        _plain("username_key"),
        # all but the few who were stored before their first Start
        _plain("has_started"),
        _UNCOUNTED,
    ),
    # words: one key for each word of a post. The lists: each filter is one range, newest first
    "posts": (
        _unique("code"),
        _unique("number"),
        _plain("words"),
        _plain("status", "number"),
        _plain("status", "is_scheduled", "is_announced", "number"),
        _plain("is_imported", "number"),
        # the few of which copies are to be deleted everywhere, and those with messages that no post has any more
        _plain("taking_down_since"),
        _plain("content_undo.until"),
    ),
    # created_at: finds old unused tokens without reading those that are kept
    "tokens": (
        _unique("token"),
        _plain("status", "expires_at"),
        _plain("status", "created_at"),
        _plain("user_id", "status", "expires_at"),
        # recovery after a crash: redeemed and not paid out
        _plain("is_owed", "redeemed_at"),
        _UNCOUNTED,
    ),
    "token_generator_count": (_unique("user_id", "date"), _plain("date")),
    "deliveries": (
        # sent_at: the only time of a delivery that failed
        _plain("opened_at", "sent_at"),
        # clean-up by age: of what was paid, without what stays paid for ever
        _plain("paid_until", "opened_at"),
        # leases that ran out: only what is being sent has an `until`
        _plain("bot_id", "until"),
        _UNCOUNTED,
        *_PROMISES,
    ),
    "pending_deletions": _PROMISES,
    # the few of all undeletable deliveries of which the owners were not notified yet
    # chat_id: those of a subscriber who is erased
    "impossible_deletions": (_plain("is_told", "reason", "at"), _plain("is_told", "at"), _plain("chat_id")),
    "broadcasts": (
        # one broadcast per draft, however often it is confirmed
        _unique("key"),
        _plain("status", "send_at"),
        _plain("delete_at"),
        _plain("created_at"),
        _plain("is_shown", "created_at"),
        # broadcasts whose rows can be removed: nothing left to delete
        _plain("are_rows_removed", "delete_at", "finished_at"),
        # those that have rows, page by page
        _plain("are_rows_removed", "created_at"),
        # what was in chats at a time
        _plain("started_at"),
        _plain("finished_at"),
        _UNCOUNTED,
    ),
    # a recall reads sent rows oldest first, sending reads pending rows by user id, page by page
    "broadcast_recipients": (
        _unique("broadcast_id", "user_id"),
        _plain("broadcast_id", "state", "sent_at"),
        _plain("broadcast_id", "state", "user_id"),
    ),
    "announcements": (
        # one per draft and channel, however often it is confirmed
        _unique("key", "chat_id"),
        # of two drafts of one post for one channel the first
        _unique("post_code", "chat_id", "ordinal"),
        # those of a post, by state
        _plain("post_code", "state", "publish_at"),
        _plain("state", "is_now", "due_at", "publish_at"),
        # the schedule, and what a person has to decide
        _plain("state", "publish_at"),
        # free slots
        _plain("chat_id", "state", "publish_at"),
        _plain("chat_id", "published_at"),
        _plain("state", "edit_at", "chat_id"),
        _plain("state", "leaves_at"),
        _plain("is_noted"),
        # the pages of a renewal
        _plain("state", "_id"),
        # leases that ran out
        _plain("state", "until"),
        _plain("renewal", "renewal_state"),
        _plain("is_reported", "created_at"),
        _UNCOUNTED,
    ),
    "channels": (_unique("chat_id"), _plain("position", "chat_id")),
    # name_key: the folded name while it is taken. removed_at: those that are there first, and removed ones by age
    "shorteners": (_unique("code"), _unique("name_key"), _plain("removed_at", "name_key")),
    "shortener_days": (_unique("name", "date"),),
    # every delivery reads one subscriber in several channels; status: join requests are kept whatever their age
    "memberships": (_unique("chat_id", "user_id"), _plain("user_id", "chat_id"), _plain("seen_at", "status")),
    "admins": (_unique("user_id"),),
    "invitations": (_unique("fingerprint"), _plain("used_by", "expires_at"), _plain("expires_at")),
    # _id: a fixed order of actions at the same instant
    "audit_log": (
        _plain("at", "_id"),
        _plain("admin_id", "at", "_id"),
        _plain("area", "at", "_id"),
        _plain("admin_id", "area", "at", "_id"),
        # what was done to one subscriber
        _plain("target", "at"),
    ),
    # expires_at: those that are over are removed
    "gifts": (_unique("code"), _plain("expires_at")),
    # is_owed: what a crash left claimed and not paid out. user_id: a subscriber's history
    "gift_claims": (
        _plain("is_owed", "claimed_at"),
        _plain("is_owed", "expires_at"),
        _plain("user_id", "claimed_at"),
        # how often a gift was taken
        _plain("code"),
    ),
    # next_at: erasures under way; done_at: tombstones by age
    "erasures": (_plain("next_at"), _plain("done_at"), _plain("user_id")),
    "job_runs": (
        _unique("job", "scheduled_at"),
        _plain("started_at"),
        _plain("job", "started_at"),
        # the last tick, however many runs by hand came after it
        _plain("job", "requested_by", "scheduled_at"),
        # requested runs that have not started: no owner and no outcome
        _plain("owner", "outcome", "started_at"),
        # runs under older leases that never ended: no outcome
        _plain("job", "outcome", "fence"),
    ),
    "daily_stats": (_unique("date"),),
    # one per subscriber, post and day, by its `_id`; the few with steps to count, the old ones, those of a subscriber
    "tries": (_plain("is_due", "date"), _plain("user_id")),
    # one post over time, and all posts of a period
    "post_days": (_unique("post_code", "date"), _plain("date", "post_code", "delivered")),
    # one document
    "event_batches": (),
    # pauses Telegram asked for: those of one bot are read at its start, new ones while it runs, expired ones deleted
    "send_pauses": (_plain("bot_id", "until"), _plain("bot_id", "noted_at"), _plain("until"), _plain("chat")),
    "incidents": (_plain("closed_at"),),
    # documents of all collections that cannot be read: the first found, and those not examined for longest
    "unreadable_rows": (_plain("found_at"), _plain("seen_at")),
    "revoked_sessions": (_unique("jti"), _plain("expires_at")),
    # the list of one person, of all, and those that are over
    "sessions": (_unique("sid"), _plain("user_id", "ends_at"), _plain("ends_at")),
    "login_codes": (_unique("code_hash"), _plain("expires_at"), _plain("user_id")),
}


async def ensure_indexes(db: Database, told: Told | None = None) -> list[str]:
    """Build the missing indexes; returns all of them as "collection.name". Idempotent, not atomic.

    A build may take as long as the server answers; `told` is called with a line about one that takes long. Raises
    StoreRefused naming collection, index and fields when one cannot be built: usually a unique one, because two
    documents have the same values.
    """
    await give_keys(db)
    built = []
    async with IndexBuilder(db, told) as builder:
        for collection, indexes in INDEXES.items():
            for index in indexes:
                built.append(f"{collection}.{await _ensure(builder, collection, index)}")
    # FerretDB accepts an index that exists with other options, and leaves it as it is
    not_built = await missing_indexes(db)
    if not_built:
        raise StoreRefused(f"{', '.join(not_built)}: an older index of that name is in the way; drop it and try again")
    return built


async def _ensure(builder: IndexBuilder, collection: str, index: Index) -> str:
    fields = " and ".join(index.fields)
    try:
        return await builder.build(collection, [(field, 1) for field in index.fields], unique=index.unique)
    except AlreadyThere as error:
        raise StoreRefused(
            f"{collection}: two or more documents have the same {fields}, so the unique index {index.name} cannot be "
            "built; remove all but one of each and try again"
        ) from error
    except StoreRefused as error:
        # an index of that name with other options, or duplicates on a server that does not say so (FerretDB)
        raise StoreRefused(
            f"{collection}: the index {index.name} cannot be built ({error}); the usual reasons are an older index of "
            f"that name with other options, or, for a unique one, documents with the same {fields}"
        ) from error


async def missing_indexes(db: Database) -> list[str]:
    """Return the indexes that are missing, or are not unique though they should be, as "collection.name"."""
    missing = []
    for collection, indexes in INDEXES.items():
        existing = await db.collection(collection).indexes()
        missing += [f"{collection}.{index.name}" for index in indexes if not _exists(index, existing)]
    return missing


def _exists(index: Index, existing: dict[str, bool]) -> bool:
    return index.name in existing and (existing[index.name] or not index.unique)
