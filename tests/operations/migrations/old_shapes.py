"""Documents as the version before the first migration wrote them, and as they are afterwards."""

from datetime import timedelta
from typing import Any

from bson import ObjectId

from database.connection import Database
from database.values import Document
from tests.operations.conftest import NOW

MINUTE = timedelta(minutes=1)
A, B = "A" * 16, "B" * 16


def _id(number: int) -> ObjectId:
    return ObjectId(number.to_bytes(12, "big"))


#: by collection: pairs of a document before and after
PAIRS: dict[str, list[tuple[Document, Document]]] = {
    "pending_deletions": [
        ({"_id": _id(1), "user_id": 1, "wish": "message 5"}, {"_id": _id(1), "user_id": 1, "request_key": "message 5"}),
        ({"_id": _id(2), "user_id": 2, "wish": ""}, {"_id": _id(2), "user_id": 2, "request_key": ""}),
        # older than the field
        ({"_id": _id(3), "user_id": 3}, {"_id": _id(3), "user_id": 3}),
        ({"_id": _id(4), "user_id": 4, "request_key": "new"}, {"_id": _id(4), "user_id": 4, "request_key": "new"}),
        # written by the older version after it was renamed
        ({"_id": _id(5), "request_key": "renamed", "wish": "later"}, {"_id": _id(5), "request_key": "later"}),
    ],
    "deliveries": [
        (
            {"_id": "1:1:a", "count": 2, "mark": "y", "marks": ["x", "y"], "marked_at": [NOW, NOW + MINUTE]},
            {
                "_id": "1:1:a",
                "count": 2,
                "update_key": "y",
                "update_keys": ["x", "y"],
                "update_keys_at": [NOW, NOW + MINUTE],
            },
        ),
        # claimed without a key
        ({"_id": "1:2:a", "count": 1, "mark": ""}, {"_id": "1:2:a", "count": 1, "update_key": ""}),
        # of a version that kept no times
        (
            {"_id": "1:3:a", "mark": "x", "marks": ["x"]},
            {"_id": "1:3:a", "update_key": "x", "update_keys": ["x"]},
        ),
        # written by the older version after it was renamed
        (
            {
                "_id": "1:4:a",
                "update_key": "x",
                "update_keys": ["x"],
                "update_keys_at": [NOW],
                "mark": "y",
                "marks": ["y"],
                "marked_at": [NOW + MINUTE],
            },
            {
                "_id": "1:4:a",
                "update_key": "y",
                "update_keys": ["x", "y"],
                "update_keys_at": [NOW, NOW + MINUTE],
            },
        ),
        ({"_id": "1:5:a", "update_key": "z"}, {"_id": "1:5:a", "update_key": "z"}),
    ],
    "token_generator_count": [
        (
            {"_id": _id(1), "user_id": 1, "date": NOW, "count": 2, "marks": ["", "x"]},
            {"_id": _id(1), "user_id": 1, "date": NOW, "count": 2, "update_keys": ["", "x"]},
        ),
        (
            {"_id": _id(2), "user_id": 2, "date": NOW, "count": 1},
            {"_id": _id(2), "user_id": 2, "date": NOW, "count": 1},
        ),
    ],
    "users": [
        (
            {
                "_id": _id(1),
                "user_id": 1,
                "credits": 5,
                "charges": {A: {"at": NOW, "mark": "x"}, B: {"at": NOW + MINUTE, "mark": "y"}},
                "wanted_code": A,
                "wanted_at": NOW,
                "wanted_taken": {"code": B, "mark": "z"},
            },
            {
                "_id": _id(1),
                "user_id": 1,
                "credits": 5,
                "charges": {A: {"at": NOW, "update_key": "x"}, B: {"at": NOW + MINUTE, "update_key": "y"}},
                "pending_code": A,
                "pending_at": NOW,
                "popped_post": {"code": B, "update_key": "z"},
            },
        ),
        ({"_id": _id(2), "user_id": 2, "charges": {}}, {"_id": _id(2), "user_id": 2, "charges": {}}),
        ({"_id": _id(3), "user_id": 3}, {"_id": _id(3), "user_id": 3}),
        (
            {"_id": _id(4), "user_id": 4, "wanted_code": None, "wanted_at": None, "wanted_taken": None},
            {"_id": _id(4), "user_id": 4, "pending_code": None, "pending_at": None, "popped_post": None},
        ),
        # written by the older version after it was migrated; a charge is written as a whole
        (
            {
                "_id": _id(5),
                "user_id": 5,
                "charges": {A: {"at": NOW, "mark": "x"}, B: {"at": NOW, "update_key": "y"}},
                "pending_code": B,
                "popped_post": {"code": A, "update_key": "migrated"},
                "wanted_code": A,
                "wanted_taken": {"code": B, "mark": "later"},
            },
            {
                "_id": _id(5),
                "user_id": 5,
                "charges": {A: {"at": NOW, "update_key": "x"}, B: {"at": NOW, "update_key": "y"}},
                "pending_code": A,
                "popped_post": {"code": B, "update_key": "later"},
            },
        ),
    ],
    "audit_log": [
        ({"_id": _id(1), "action": "session.begun"}, {"_id": _id(1), "action": "session.started"}),
        ({"_id": _id(2), "action": "session.started"}, {"_id": _id(2), "action": "session.started"}),
        ({"_id": _id(3), "action": "job.run"}, {"_id": _id(3), "action": "job.run"}),
    ],
}
AFTER: dict[str, list[Document]] = {name: [after for _, after in pairs] for name, pairs in PAIRS.items()}


async def store_old(db: Database) -> None:
    """Store every document of `PAIRS` as it was before."""
    for name, pairs in PAIRS.items():
        await db.collection(name).insert_many([before for before, _ in pairs])


async def stored(db: Database) -> dict[str, list[Document]]:
    """Every document of those collections, in order of `_id`."""
    return {name: await db.collection(name).find({}, limit=100, sort=[("_id", 1)]) for name in PAIRS}


async def record_of(db: Database) -> dict[str, Any]:
    """The stored record of migrations."""
    record = await db.collection("migrations").find_one({"_id": "schema"})
    assert record is not None
    return record
