"""Rows of every collection with one field that is wrong: of another type, missing, or without a value."""

from collections.abc import Callable

from core.errors import AlreadyThere
from database.connection import Database
from database.examination import READERS
from database.indexes import INDEXES
from database.values import Document

#: how a field is broken, by row: values of unique fields differ
Break = Callable[[int], Document | None]
BREAKS: dict[str, Callable[[int], object]] = {
    "a text": lambda row: f"x{row}",
    "a number": lambda row: 7_000_000 + row,
    "a list": lambda row: [row],
    "a document": lambda row: {"x": row},
    "null": lambda row: None,
}
MISSING = "missing"
_UNIQUE = {name: {field for index in of if index.unique for field in index.fields} for name, of in INDEXES.items()}
WAYS = (*BREAKS, MISSING)


async def break_rows(db: Database, way: str, shift: int) -> int:
    """Break one field of each row of each collection: another one in each row; returns how many were broken."""
    broken = 0
    for name in READERS:
        home = db.collection(name)
        for number, row in enumerate(await home.find({}, limit=1_000)):
            # a list in a unique field has several keys, which the store in memory compares as one
            fixed = {"_id"} | (_UNIQUE.get(name, set()) if way == "a list" else set())
            fields = sorted(row.keys() - fixed)
            broken += await _break(db, name, row, fields[(number + shift) % len(fields)], way, number)
    return broken


async def _break(db: Database, name: str, row: Document, field: str, way: str, number: int) -> bool:
    change: Document = {"$unset": {field: ""}} if way == MISSING else {"$set": {field: BREAKS[way](number)}}
    try:
        return await db.collection(name).update_one({"_id": row["_id"]}, change)
    except AlreadyThere:
        # of a unique field: there is one without a value
        return False
