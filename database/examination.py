"""Every document against the record it becomes: which cannot be read, and which can be again."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from core.delivery_states import DeliveryState
from database import bot_profiles, first_hour, unreadable_rows
from database.collection import Collection
from database.connection import current_database
from database.operations import (
    admin_ops,
    audit_ops,
    broadcast_ops,
    broadcast_rows,
    channel_ops,
    deletion_ops,
    delivery_ops,
    health_ops,
    incident_ops,
    lease_ops,
    membership_ops,
    pause_ops,
    run_ops,
    statistics_ops,
    token_counts,
    token_ops,
    user_ops,
)
from database.operations.announcements import renewals, rows
from database.operations.counting import post_days, tries
from database.operations.erasures import erasure_ops
from database.operations.posts import post_ops
from database.operations.processes import polling_lease_ops
from database.operations.shorteners import shortener_counts, shortener_ops
from database.operations.team import invitation_ops, notice_ops, open_session_ops
from database.readable import FIELD, Read, set_aside, what_is_wrong
from database.unreadable_rows import Unreadable
from database.values import Document

#: documents of a page
_PAGE = 500
#: noted documents that one call of `recheck` reads
RECHECKED_MAX = 20


def _delivery(document: Document) -> object:
    delivery = delivery_ops.READ(document)
    is_promise = delivery.delete_at is not None and delivery.state is not DeliveryState.SENDING
    return deletion_ops.READ(document) if is_promise else delivery


def _config(document: Document) -> object:
    """Each document of `admin_config` is something else; the settings are checked one by one when they are read."""
    match document["_id"]:
        case "usernames":
            return bot_profiles.read_usernames(document)
        case "team notices":
            return [notice_ops.read(one) for one in document["waiting"]]
        case "first hour":
            return first_hour.read(document)
        case "button_renewal":
            return renewals.READ(document)
        case str(name) if name.startswith("shown by "):
            return bot_profiles.read(document)
    return document


#: what is made of the documents of each collection
READERS: Mapping[str, Read[object]] = {
    "users": user_ops.READ,
    "posts": post_ops.READ,
    "tokens": token_ops.read,
    "token_generator_count": token_counts.read,
    "deliveries": _delivery,
    "pending_deletions": deletion_ops.READ,
    "broadcasts": broadcast_ops.READ,
    "broadcast_recipients": broadcast_rows.read_recipient,
    "announcements": rows.READ,
    "channels": channel_ops.READ,
    "memberships": membership_ops.READ,
    "shorteners": shortener_ops.READ,
    "shortener_days": shortener_counts.read,
    "admin_config": _config,
    "admins": admin_ops.read,
    "invitations": invitation_ops.READ,
    "sessions": open_session_ops.READ,
    "audit_log": audit_ops.READ,
    "job_runs": run_ops.READ,
    "job_leases": lease_ops.read,
    "polling_leases": polling_lease_ops.read,
    "daily_stats": statistics_ops.read,
    "erasures": erasure_ops.read,
    "tries": tries.READ,
    "post_days": post_days.READ,
    "send_pauses": pause_ops.read,
    "health": health_ops.READ,
    "incidents": incident_ops.read,
}


@dataclass(frozen=True, slots=True)
class Examined:
    """The result for one collection."""

    collection: str
    #: documents read
    count: int
    unreadable: tuple[Unreadable, ...]


async def examine_all() -> AsyncGenerator[Examined, None]:
    """Read every document of every collection on the bulk connections, and yield the result of each collection.

    What cannot be read is set aside and noted; what can be read again is no longer.
    """
    for name, read in READERS.items():
        count = 0
        wrong: list[tuple[object, str]] = []
        repaired: list[object] = []
        async for page in current_database().bulk(name).pages(lambda: _PAGE):
            count += len(page)
            for document in page:
                problem = what_is_wrong(document, read)
                if problem is not None:
                    wrong.append((document["_id"], problem))
                elif FIELD in document:
                    repaired.append(document["_id"])
        home = current_database().collection(name)
        if wrong:
            await set_aside(home, wrong)
        for row in repaired:
            await _put_back(home, row)
        yield Examined(name, count, tuple(_unreadable(name, row, problem) for row, problem in wrong))


def _unreadable(collection: str, row: object, problem: str) -> Unreadable:
    return Unreadable(f"{collection}:{row}", collection, row, problem)


async def recheck(limit: int = RECHECKED_MAX) -> int:
    """Read up to `limit` noted documents again, and forget those that can be read or are gone; returns how many."""
    forgotten = 0
    now = current_database().now()
    for one in await unreadable_rows.find_longest_unseen(limit):
        if await _is_readable_or_gone(one):
            await unreadable_rows.forget(one.key)
            forgotten += 1
        else:
            await unreadable_rows.mark_seen(one.key, now)
    return forgotten


async def _is_readable_or_gone(one: Unreadable) -> bool:
    """Read a noted document, and have lists contain it again when it can be read."""
    read = READERS.get(one.collection)
    if read is None:
        # of another version; the name may be none that a collection can have
        return True
    home = current_database().collection(one.collection)
    document = await home.find_one({"_id": one.row})
    if document is None:
        return True
    if what_is_wrong(document, read) is not None:
        return False
    await _put_back(home, one.row)
    return True


async def _put_back(home: Collection, row: object) -> None:
    """Have lists contain the document again."""
    await home.update_one({"_id": row}, {"$unset": {FIELD: ""}})
    await unreadable_rows.forget(f"{home.name}:{row}")


async def remove(key: str) -> Document | None:
    """Delete one document that cannot be read; returns it, None when it is not noted, gone, or can be read. Atomic."""
    one = await unreadable_rows.find_one(key)
    read = None if one is None else READERS.get(one.collection)
    if one is None or read is None:
        return None
    home = current_database().collection(one.collection)
    document = await home.find_one({"_id": one.row})
    if document is not None and what_is_wrong(document, read) is None:
        return None
    # as it was examined: a newer version may have written it meanwhile
    removed = None if document is None else await home.find_one_and_delete(document)
    if removed is not None:
        await unreadable_rows.forget(key)
    return removed
