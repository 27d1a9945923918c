"""How the processes of a bot share its calls (collection `send_shares`): one small document a bot.

All ages are measured by the server's clock alone: each beat leaves the server's time, and reads those of the others.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.errors import AlreadyThere, StoreRefused
from core.rates.ledger import Beat, Ledger, Member, Slowed
from database.collection import Collection
from database.connection import current_database
from database.owners import new_owner
from database.values import Document


def _shares() -> Collection:
    return current_database().collection("send_shares")


def new_process() -> str:
    """Return a name no other process has, which may be the name of a field."""
    return new_owner().replace(".", "-").replace("$", "-")


async def beat(bot_id: int, process: str, news: Beat) -> Ledger | None:
    """Write one's own row and return all rows; atomic. None when the row is gone, or a later beat was written.

    `news.parts` only makes them less: others may have cut them.
    """
    condition = {"_id": bot_id, f"members.{process}.number": {"$lt": news.number}}
    update = _written(process, news) | {"$min": {f"members.{process}.parts": news.parts}}
    try:
        found = await _shares().find_one_and_update(condition, update)
    except StoreRefused:
        if not await mend_version(bot_id):
            raise
        found = await _shares().find_one_and_update(condition, update)
    return None if found is None else _ledger(found, process)


async def mend_version(bot_id: int) -> bool:
    """Count anew when the version is no number, and leave the rows: others use their parts. False when it is one."""
    return await _shares().update_one({"_id": bot_id, "version": {"$not": {"$gte": 0}}}, {"$set": {"version": 0}})


async def join(bot_id: int, process: str, news: Beat) -> Ledger:
    """Add one's own row, or overwrite it, and return all rows; atomic. It begins with no parts: others may have all.

    Raises StoreRefused when the document is none: `clear` it.
    """
    update = _written(process, news)
    update["$set"][f"members.{process}.parts"] = 0
    try:
        found = await _shares().find_one_and_update({"_id": bot_id}, update, upsert=True)
    except AlreadyThere:
        # another process inserted the document in the same instant
        found = await _shares().find_one_and_update({"_id": bot_id}, update, upsert=True)
    if found is None:
        raise AssertionError("an upsert returns the document")
    return _ledger(found, process)


async def take(bot_id: int, version: int, parts: Mapping[str, int], gone: Sequence[str]) -> bool:
    """Change the parts of these processes, and remove the rows of those that are `gone`, if all is as in `version`.

    Atomic. False: another process was first.
    """
    update: Document = {"$inc": {"version": 1}}
    if parts:
        update["$set"] = {f"members.{name}.parts": number for name, number in parts.items()}
    if gone:
        update["$unset"] = {f"members.{name}": "" for name in gone}
    return await _shares().update_one({"_id": bot_id, "version": version}, update)


async def clear(bot_id: int) -> None:
    """Remove the document of a bot, whatever it holds: the next beats of its processes make a new one."""
    await _shares().delete_one({"_id": bot_id})


def _written(process: str, news: Beat) -> Document:
    row: Document = {"number": news.number, "wants": list(news.wants), "valid_s": news.valid_s}
    row["is_last"] = news.is_last
    values: Document = {f"members.{process}.{name}": value for name, value in row.items()}
    dates = {f"members.{process}.at": True}
    if news.slowed is not None:
        part, growing_s = news.slowed
        values |= {"slowed.mark": f"{process}:{news.number}", "slowed.part": part, "slowed.growing_s": growing_s}
        dates["slowed.at"] = True
    return {"$set": values, "$currentDate": dates, "$inc": {"version": 1}}


def _ledger(document: Document, process: str) -> Ledger:
    """Return the rows; each that cannot be read is only named. Raises StoreRefused when there is no room for rows."""
    try:
        rows: dict[str, Any] = document["members"]
        now: datetime = rows[process]["at"]
    except (KeyError, TypeError) as error:
        raise StoreRefused("send_shares: the document has no place for rows") from error
    members, unreadable = [], []
    for name, row in rows.items():
        try:
            members.append(_member(name, row, now))
        except (KeyError, TypeError, ValueError):
            unreadable.append(name)
    return Ledger(document["version"], tuple(members), _slowed(document.get("slowed"), now), tuple(unreadable))


def _member(name: str, row: Document, now: datetime) -> Member:
    return Member(
        process=name,
        number=int(row["number"]),
        parts=int(row["parts"]),
        wants=tuple(max(0, int(want)) for want in row["wants"]),
        valid_s=float(row["valid_s"]),
        age_s=(now - row["at"]).total_seconds(),
        is_last=bool(row.get("is_last")),
    )


def _slowed(row: Any, now: datetime) -> Slowed | None:
    try:
        return Slowed(str(row["mark"]), float(row["part"]), float(row["growing_s"]) + (now - row["at"]).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
