"""Actions of admins (collection `audit_log`)."""

from datetime import datetime
from typing import Any

from core.records import Record
from database.collection import Collection
from database.connection import current_database
from database.readable import find_records, reader


class AuditEntry(Record):
    """One action of one admin. `at` is aware UTC."""

    at: datetime
    admin_id: int
    action: str
    #: the object of the action, for example a post's code
    target: str | None = None
    before: Any = None
    after: Any = None


#: makes an entry of a document
READ = reader(AuditEntry)


def _log() -> Collection:
    return current_database().collection("audit_log")


async def record(
    at: datetime, admin_id: int, action: str, target: str | None = None, before: Any = None, after: Any = None
) -> None:
    """Insert one action. `before` and `after` must not contain secrets."""
    entry = {"at": at, "admin_id": admin_id, "action": action, "target": target, "before": before, "after": after}
    await _log().insert_one(entry)


async def last(limit: int) -> list[AuditEntry]:
    """Return up to `limit` actions, the latest first; `[]` when there are none."""
    return await find_records(_log(), READ, {}, limit=limit, sort=[("at", -1), ("_id", -1)])
