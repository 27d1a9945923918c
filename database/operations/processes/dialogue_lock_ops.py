"""Locks of the admins' conversations (collection `dialogue_locks`); a row exists while its lock is held."""

from core.errors import AlreadyThere
from core.processes.dialogue_locks import DialogueLock
from database.collection import Collection
from database.connection import current_database
from database.values import Document


def _locks() -> Collection:
    return current_database().collection("dialogue_locks")


def _record(document: Document | None) -> DialogueLock | None:
    return None if document is None else DialogueLock.model_validate(document)


async def take(key: str, owner: str) -> bool:
    """Take a lock that nobody holds; atomic. False: it is held, perhaps by this owner, whose answer was lost."""
    try:
        await _locks().insert_one({"_id": key, "owner": owner, "beat": 0})
    except AlreadyThere:
        return False
    return True


async def find(key: str) -> DialogueLock | None:
    """Return the lock; None while nobody holds it."""
    return _record(await _locks().find_one({"_id": key}))


async def take_over(key: str, owner: str, seen: DialogueLock) -> bool:
    """Take a lock from its owner if it is still as it was `seen`; atomic."""
    as_seen: Document = {"_id": key, "owner": seen.owner, "beat": seen.beat}
    return await _locks().update_one(as_seen, {"$set": {"owner": owner}, "$inc": {"beat": 1}})


async def renew(key: str, owner: str) -> bool:
    """Renew one's own lock; atomic. False: another has it."""
    return await _locks().update_one({"_id": key, "owner": owner}, {"$inc": {"beat": 1}})


async def release(key: str, owner: str) -> bool:
    """Release one's own lock; atomic. False when another has it."""
    return await _locks().delete_one({"_id": key, "owner": owner})
