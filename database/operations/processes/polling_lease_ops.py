"""Who polls for a bot (collection `polling_leases`): one row for each bot, `polls:<bot id>`."""

from datetime import datetime

from core.errors import AlreadyThere
from core.processes.polling_lease import PollingLease
from database.collection import Collection
from database.connection import current_database
from database.values import Document

COLLECTION = "polling_leases"


def _leases() -> Collection:
    return current_database().collection(COLLECTION)


def _key(bot_id: int) -> str:
    return f"polls:{bot_id}"


def _record(document: Document | None) -> PollingLease | None:
    return None if document is None else PollingLease.model_validate(document)


async def find(bot_id: int) -> PollingLease | None:
    """Return the lease of a bot; None when nobody has ever polled for it."""
    return _record(await _leases().find_one({"_id": _key(bot_id)}))


async def take(bot_id: int, owner: str, process: str, seen: PollingLease | None, now: datetime) -> PollingLease | None:
    """Take the lease if it is still as it was `seen`; atomic. None: it has changed since."""
    held: Document = {"owner": owner, "process": process, "renewed_at": now}
    if seen is None:
        try:
            await _leases().insert_one({"_id": _key(bot_id), "beat": 1, "standby_beat": 0, **held})
        except AlreadyThere:
            return None
        return PollingLease(beat=1, **held)
    as_seen: Document = {"_id": _key(bot_id), "owner": seen.owner, "beat": seen.beat}
    return _record(await _leases().find_one_and_update(as_seen, {"$set": held, "$inc": {"beat": 1}}))


async def renew(bot_id: int, owner: str, now: datetime) -> PollingLease | None:
    """Renew one's own lease; atomic. None: it is another's."""
    own: Document = {"_id": _key(bot_id), "owner": owner}
    return _record(await _leases().find_one_and_update(own, {"$set": {"renewed_at": now}, "$inc": {"beat": 1}}))


async def release(bot_id: int, owner: str, now: datetime) -> bool:
    """Release one's own lease, so that another process begins at once; atomic. False when it is another's."""
    own: Document = {"_id": _key(bot_id), "owner": owner}
    return await _leases().update_one(own, {"$set": {"owner": None, "renewed_at": now}, "$inc": {"beat": 1}})


async def stand_by(bot_id: int) -> bool:
    """Tell the holder that another process stands by. False when there is no lease."""
    return await _leases().update_one({"_id": _key(bot_id)}, {"$inc": {"standby_beat": 1}})
