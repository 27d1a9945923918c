"""Everything that is kept of a subscriber, for a copy they ask for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from bson import ObjectId

from core.privacy.table import Kept, of_subscribers
from database.connection import current_database
from database.operations.erasures.erased_copies import pages_of_recipients
from database.values import Document

#: rows of one collection that a copy has at most
ROWS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class OwnRows:
    """What one collection has of a subscriber, as JSON takes it."""

    collection: str
    rows: list[dict[str, Any]]
    #: there are more than ROWS_MAX
    is_cut: bool


async def rows_of(user_id: int) -> list[OwnRows]:
    """Return what each collection has of a subscriber; collections without anything are left out.

    One command each, and two for each page of broadcasts that still have rows.
    """
    everything: list[OwnRows] = []
    for one in of_subscribers():
        found = await _rows_in(one, user_id)
        if found:
            shown = [_shown(row, one) for row in found[:ROWS_MAX]]
            everything.append(OwnRows(one.collection, shown, is_cut=len(found) > ROWS_MAX))
    return everything


async def _rows_in(one: Kept, user_id: int) -> list[Document]:
    """Return the rows in one collection, at most ROWS_MAX + 1."""
    if one.collection == "broadcast_recipients":
        # found by the broadcasts: an index of people would be kept up with each of their sends
        pages = [mine async for mine, _ in pages_of_recipients(user_id)]
        return list(chain.from_iterable(pages))[: ROWS_MAX + 1]
    whose: object = str(user_id) if one.collection == "audit_log" else user_id
    return await current_database().collection(one.collection).find({one.field: whose}, limit=ROWS_MAX + 1)


def _shown(row: Document, one: Kept) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items() if name not in one.hidden and name != "_id"}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return str(value) if isinstance(value, ObjectId) else value
