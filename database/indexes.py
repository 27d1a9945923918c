"""Every index of every collection (DESIGN §4)."""

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
    "users": (_unique("user_id"), _plain("last_seen_at"), _plain("blocked_at")),
    # title_key is the title folded for the search by its beginning
    "posts": (_unique("code"), _unique("number"), _plain("title_key")),
    "tokens": (_unique("token"), _plain("status", "expires_at"), _plain("user_id", "status", "expires_at")),
    "token_generator_count": (_unique("user_id", "date"), _plain("date")),
    # is_unfinished: what a start looks for after a crash
    "deliveries": (_plain("opened_at"), _plain("is_unfinished", "opened_at")),
    # user_id: every /me asks for the open deliveries of one person
    "pending_deletions": (_plain("delete_at", "claimed_until"), _plain("chat_id"), _plain("user_id", "delete_at")),
    "broadcasts": (_plain("status"), _plain("delete_at")),
    # sent_at: a recall takes the recipients of one state oldest first, batch after batch
    "broadcast_recipients": (_unique("broadcast_id", "user_id"), _plain("broadcast_id", "state", "sent_at")),
    "channels": (_unique("chat_id"),),
    "memberships": (_unique("chat_id", "user_id"), _plain("seen_at")),
    "admins": (_unique("user_id"),),
    "audit_log": (_plain("at"),),
    "job_runs": (_unique("job", "scheduled_at"), _plain("started_at")),
    "daily_stats": (_unique("date"),),
    "revoked_sessions": (_unique("jti"), _plain("expires_at")),
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
