"""Links of another bot (document `old_links` of `admin_config`): how many could not be opened."""

from database.collection import Collection
from database.connection import current_database

_ID = "old_links"


def _config() -> Collection:
    return current_database().collection("admin_config")


async def count_other() -> None:
    """Count one more press of a link that only another bot can open; one increment. Repeated, it counts again."""
    await _config().update_one({"_id": _ID}, {"$inc": {"other": 1}}, upsert=True)


async def other_count() -> int:
    """Return how many presses were counted."""
    found = await _config().find_one({"_id": _ID})
    count = (found or {}).get("other")
    return count if isinstance(count, int) else 0
