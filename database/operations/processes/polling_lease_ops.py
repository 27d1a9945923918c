"""Who polls for a bot (collection `polling_leases`): one row for each bot, `polls:<bot id>`.

A row that cannot be read is nobody's. Its owner stops at the next renewal; another process that has seen it unchanged
for as long as the row of an owner that has crashed takes it and writes it anew.
"""

from datetime import datetime

from core.errors import AlreadyThere, StoreRefused
from core.processes.polling_lease import PollingLease
from database.collection import Collection
from database.connection import current_database
from database.readable import record_or_none, what_is_wrong
from database.values import Document

COLLECTION = "polling_leases"
#: the owner that stands for one that cannot be read; real ones contain a colon
UNREADABLE = "unreadable"


def _leases() -> Collection:
    return current_database().collection(COLLECTION)


def _key(bot_id: int) -> str:
    return f"polls:{bot_id}"


def read(document: Document) -> PollingLease:
    """Return the lease of a document. Raises ValidationError."""
    return PollingLease.model_validate(document)


async def _record(document: Document | None) -> PollingLease | None:
    """Return the lease; for one that cannot be read, which is noted, one of the owner UNREADABLE."""
    lease = await record_or_none(_leases(), document, read)
    return PollingLease(owner=UNREADABLE) if lease is None and document is not None else lease


async def find(bot_id: int) -> PollingLease | None:
    """Return the lease of a bot; None when nobody has ever polled for it."""
    return await _record(await _find(bot_id))


async def _find(bot_id: int) -> Document | None:
    return await _leases().find_one({"_id": _key(bot_id)})


async def take(bot_id: int, owner: str, process: str, seen: PollingLease | None, now: datetime) -> PollingLease | None:
    """Take the lease if it is still as it was `seen`; atomic. None: it has changed since."""
    held: Document = {"owner": owner, "process": process, "renewed_at": now}
    if seen is None:
        try:
            await _leases().insert_one({"_id": _key(bot_id), "beat": 1, "standby_beat": 0, **held})
        except AlreadyThere:
            return None
        return PollingLease(beat=1, **held)
    if seen.owner == UNREADABLE:
        return await _write_anew(bot_id, held)
    as_seen: Document = {"_id": _key(bot_id), "owner": seen.owner, "beat": seen.beat}
    return await _record(await _leases().find_one_and_update(as_seen, {"$set": held, "$inc": {"beat": 1}}))


async def _write_anew(bot_id: int, held: Document) -> PollingLease | None:
    """Overwrite the lease if it still cannot be read; atomic, since of two that read it the first changes its owner."""
    found = await _find(bot_id)
    if found is None or what_is_wrong(found, read) is None:
        return None
    as_read: Document = {"_id": _key(bot_id), "owner": found.get("owner"), "beat": found.get("beat")}
    anew = {"beat": 1, "standby_beat": 0, **held}
    return await _record(await _leases().find_one_and_update(as_read, {"$set": anew}))


async def renew(bot_id: int, owner: str, now: datetime) -> PollingLease | None:
    """Renew one's own lease; atomic. None: it is another's, or cannot be read."""
    own: Document = {"_id": _key(bot_id), "owner": owner}
    try:
        found = await _leases().find_one_and_update(own, {"$set": {"renewed_at": now}, "$inc": {"beat": 1}})
    except StoreRefused:
        # the server counts no text on; what else it refuses says nothing about the lease
        lease = await find(bot_id)
        if lease is None or lease.owner != UNREADABLE:
            raise
        return None
    lease = await _record(found)
    return None if lease is None or lease.owner == UNREADABLE else lease


async def release(bot_id: int, owner: str, now: datetime) -> bool:
    """Release one's own lease, so that another process begins at once; atomic. False when it is another's."""
    own: Document = {"_id": _key(bot_id), "owner": owner}
    return await _leases().update_one(own, {"$set": {"owner": None, "renewed_at": now}, "$inc": {"beat": 1}})


async def stand_by(bot_id: int) -> bool:
    """Tell the holder that another process stands by. False when there is no lease."""
    return await _leases().update_one({"_id": _key(bot_id)}, {"$inc": {"standby_beat": 1}})
