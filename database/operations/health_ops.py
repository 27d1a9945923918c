"""The result of the last health check (collection `health`, one document)."""

from core.errors import AlreadyThere
from core.health.findings import Health
from database.collection import Collection
from database.connection import current_database
from database.readable import reader, record_or_none
from database.values import Document

_ID = "house"
#: makes a result of the document
READ = reader(Health)


def _health() -> Collection:
    return current_database().collection("health")


async def write(health: Health) -> None:
    """Replace the stored result. One atomic upsert."""
    update: Document = {"$set": health.model_dump()}
    try:
        await _health().update_one({"_id": _ID}, update, upsert=True)
    except AlreadyThere:
        # another process inserted the first one in the same instant
        await _health().update_one({"_id": _ID}, update, upsert=True)


async def find() -> Health | None:
    """Return the last result; None when there is none, or this version cannot read it."""
    return await record_or_none(_health(), await _health().find_one({"_id": _ID}), READ)
