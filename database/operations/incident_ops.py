"""What people were told went wrong, once for all processes, and whether it is over (collection `incidents`).

The document: `_id` is the incident; `opened_at`, `told_at`, `closed_at`; and until when somebody tells people of it
(`claimed_until`) or of its end (`ending_until`). No texts.
"""

from datetime import datetime, timedelta

from core.errors import AlreadyThere
from core.incidents import CloseDecision
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: open incidents that are read; more than this many is one big trouble, and those beyond it end when fewer are open
_MOST = 500


def _incidents() -> Collection:
    return current_database().collection("incidents")


def _not_held(field: str, now: datetime, hold_for: timedelta) -> Document:
    """Nobody holds it, or not any more; one that ends far ahead was written by a clock that has been put back."""
    return {"$or": [{field: None}, {field: {"$lte": now}}, {field: {"$gt": now + 2 * hold_for}}]}


async def begin(incident: str, now: datetime, hold_for: timedelta) -> bool:
    """Open an incident that is not open, or take over one nobody was told of: True: tell people, it is the caller's.

    False while it is open and told, or another tells of it, who has `hold_for`. Each of the two steps is atomic: of
    any number of processes one gets True.
    """
    claim = {"claimed_until": now + hold_for}
    opened = {"opened_at": now, "closed_at": None, "told_at": None, "ending_until": None, **claim}
    try:
        if await _incidents().update_one({"_id": incident, "closed_at": {"$ne": None}}, {"$set": opened}, upsert=True):
            return True
    except AlreadyThere:
        pass
    untold = {"_id": incident, "closed_at": None, "told_at": None, **_not_held("claimed_until", now, hold_for)}
    return await _incidents().update_one(untold, {"$set": claim})


async def note_told(incident: str, now: datetime) -> None:
    """People know of it: it is open from now on at the latest, whatever stood there. One atomic upsert."""
    told: Document = {"told_at": now, "closed_at": None, "claimed_until": None}
    update: Document = {"$set": told, "$setOnInsert": {"opened_at": now, "ending_until": None}}
    try:
        await _incidents().update_one({"_id": incident}, update, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await _incidents().update_one({"_id": incident}, update, upsert=True)


async def give_back(incident: str) -> None:
    """Nobody could be told: whoever comes next may try at once. Atomic."""
    await _incidents().update_one({"_id": incident, "told_at": None}, {"$set": {"claimed_until": None}})


async def begin_end(incident: str, now: datetime, hold_for: timedelta) -> CloseDecision:
    """Take over the end of an open incident, for `hold_for`; atomic: one caller gets QUIET or TELL.

    NOTHING when it is not open, is being told at this moment, or another ends it.
    """
    known = {"$or": [{"told_at": {"$ne": None}}, _not_held("claimed_until", now, hold_for)]}
    condition: Document = {
        "_id": incident,
        "closed_at": None,
        "$and": [known, _not_held("ending_until", now, hold_for)],
    }
    found = await _incidents().find_one_and_update(condition, {"$set": {"ending_until": now + hold_for}})
    if found is None:
        return CloseDecision.NOTHING
    return CloseDecision.QUIET if found.get("told_at") is None else CloseDecision.NOTIFY


async def end(incident: str, now: datetime) -> None:
    """It is over, and people know. Atomic; nothing happens when it is not open."""
    over = {"closed_at": now, "claimed_until": None, "ending_until": None}
    await _incidents().update_one({"_id": incident, "closed_at": None}, {"$set": over})


async def keep_open(incident: str) -> None:
    """Nobody could be told that it is over: whoever comes next may try at once. Atomic."""
    await _incidents().update_one({"_id": incident, "closed_at": None}, {"$set": {"ending_until": None}})


async def open_names() -> list[str]:
    """The incidents that are open, at most 500; `[]` when there are none."""
    found = await _incidents().find({"closed_at": None}, limit=_MOST, projection=["_id"])
    return [document["_id"] for document in found]


async def count_open() -> int:
    """How many incidents are open."""
    return await _incidents().count({"closed_at": None})
