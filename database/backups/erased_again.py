"""Subscribers who were erased after a backup was written: its restore erases them again."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from core.privacy.table import of_subscribers
from database.connection import Database
from database.erasing.tombstones import Tombstones
from database.operations.erasures import erasing, erasure_ops
from database.operations.erasures.erasure_ops import Erasure
from database.values import Document

#: documents and erasures read at once
PAGE = 1000
#: the collection of erasures, in which a restore inserts rows of its own
ERASURES = "erasures"


async def find_erased(
    db: Database, tombstones: Tombstones, now: datetime, renew: Callable[[], Awaitable[None]]
) -> list[Erasure]:
    """Return the erasures to make again: of everybody in any collection whose hash is known.

    Without those who came back afterwards and are in the backup with that. Reads every row of a subscriber once, and
    calls `renew` after each page. Raises OSError when the hashes cannot be read.
    """
    known = tombstones.known()
    if not known:
        return []
    found: dict[int, str] = {}
    for one in of_subscribers():
        async for page in db.bulk(one.collection).pages(lambda: PAGE):
            for row in page:
                user_id = _user_id(row.get(one.field))
                if user_id is not None and user_id not in found and (hashed := tombstones.of(user_id)) in known:
                    found[user_id] = hashed
            await renew()
    return [
        Erasure(id=hashed, user_id=user_id, asked_at=now, next_at=now)
        for user_id, hashed in found.items()
        if not await _came_back(db, user_id, known[hashed])
    ]


def _user_id(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


async def _came_back(db: Database, user_id: int, erased_at: datetime) -> bool:
    found = await db.collection("users").find_one({"user_id": user_id}, projection=["joined_at"])
    joined_at = None if found is None else found.get("joined_at")
    return isinstance(joined_at, datetime) and joined_at > erased_at


async def erase_due(now: datetime) -> None:
    """Take the first step of each erasure under way; the job takes the last ones after the start."""
    while due := await erasure_ops.find_due(now, PAGE):
        for one in due:
            await erasing.take_step(one, now)


def of_restore() -> Document:
    """Return the condition for erasures that a restore inserted."""
    return {"is_of_restore": True}
