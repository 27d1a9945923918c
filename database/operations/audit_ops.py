"""Actions of admins (collection `audit_log`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.records import Record
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader
from database.values import Document


class AuditEntry(Record):
    """One action of one admin. `at` is aware UTC."""

    at: datetime
    admin_id: int
    action: str
    #: the object of the action, for example a post's code
    target: str | None = None
    before: Any = None
    after: Any = None

    @property
    def area(self) -> str:
        """The first word of the action: `post` of `post.made`."""
        return area_of(self.action)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which actions are wanted; None and "" for all."""

    who: int | None = None
    area: str = ""
    #: a span of time: from the first, before the second
    since: datetime | None = None
    until: datetime | None = None


#: makes an entry of a document
READ = reader(AuditEntry)
#: the latest first; of the same instant in a fixed order
_LATEST = [("at", -1), ("_id", -1)]


def area_of(action: str) -> str:
    """Return the first word of an action."""
    return action.partition(".")[0]


def _log() -> Collection:
    return current_database().collection("audit_log")


async def record(
    at: datetime, admin_id: int, action: str, target: str | None = None, before: Any = None, after: Any = None
) -> None:
    """Insert one action. `before` and `after` must not contain secrets."""
    entry = {
        "at": at,
        "admin_id": admin_id,
        "area": area_of(action),
        "action": action,
        "target": target,
        "before": before,
        "after": after,
    }
    await _log().insert_one(entry)


async def last(limit: int) -> list[AuditEntry]:
    """Return up to `limit` actions, the latest first; `[]` when there are none."""
    return await find_records(_log(), READ, {}, limit=limit, sort=[("at", -1), ("_id", -1)])


async def page(wanted: AuditFilter, *, skip: int, limit: int) -> tuple[list[AuditEntry], bool]:
    """Return up to `limit` actions behind the first `skip`, the latest first, and whether more follow.

    Actions that were written before areas were are found without an area only.
    """
    found = await find_records(_log(), READ, _condition(wanted), skip=skip, limit=limit + 1, sort=_LATEST)
    return found[:limit], len(found) > limit


def _condition(wanted: AuditFilter) -> Document:
    condition: Document = {}
    if wanted.who is not None:
        condition["admin_id"] = wanted.who
    if wanted.area:
        condition["area"] = wanted.area
    span = {name: at for name, at in (("$gte", wanted.since), ("$lt", wanted.until)) if at is not None}
    return {**condition, "at": span} if span else condition
