"""Documents as older versions wrote them, and as they are after one migration and after all of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId

from database.connection import Database
from database.values import Document
from tests.operations.conftest import NOW

MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
A, B = "A" * 16, "B" * 16


def _id(number: int) -> ObjectId:
    return ObjectId(number.to_bytes(12, "big"))


#: what the version before the second migration wrote when a delivery was claimed, and what of it remains
ASKED: Document = {"opened_at": NOW, "update_key": "x", "update_keys": ["x"]}
CLAIMED: Document = ASKED | {"claimed_until": NOW + MINUTE}


def _delivery(user_id: int, **more: object) -> Document:
    row: Document = {"_id": f"1:{user_id}:{A}", "bot_id": 1, "user_id": user_id, "post_code": A, "count": 1, **more}
    # of this version
    return row | {"chat_id": user_id, "owner": None} if "state" in more and "is_unfinished" not in more else row


def _promise(user_id: int, message_ids: list[int]) -> Document:
    return {
        "_id": _id(10 * user_id),
        "bot_id": 1,
        "user_id": user_id,
        "chat_id": user_id,
        "post_code": A,
        "message_ids": message_ids,
        "notice_message_id": None,
        "request_key": f"message {user_id}",
        "sent_at": NOW + MINUTE,
        "delete_at": NOW + 30 * MINUTE,
    }


#: by collection: pairs of a document before the first migration and after it
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
AFTER_FIRST: dict[str, list[Document]] = {name: [after for _, after in pairs] for name, pairs in PAIRS.items()}

#: deliveries before the second migration and after it
DELIVERIES: list[tuple[Document, Document]] = [
    (
        _delivery(20, is_unfinished=False, update_keys_at=[NOW], **CLAIMED),
        _delivery(20, state="sent", until=None, sent_at=NOW, **ASKED),
    ),
    # a post that is never deleted, interrupted
    (
        _delivery(21, is_unfinished=True, update_keys_at=[NOW], **CLAIMED),
        _delivery(21, state="sending", until=NOW, sent_at=NOW, **ASKED),
    ),
    # it failed, and had never been opened before
    (
        _delivery(22, is_unfinished=False, **CLAIMED | {"opened_at": None}),
        _delivery(22, state="refused", until=None, sent_at=NOW + MINUTE, **ASKED | {"opened_at": None}),
    ),
    # of a version that knew no unfinished ones
    (_delivery(23, **CLAIMED), _delivery(23, state="sent", until=None, sent_at=NOW, **ASKED)),
    # without any time
    (_delivery(24, is_unfinished=True), _delivery(24, state="sending", until=EPOCH, sent_at=EPOCH)),
    # of this version
    (
        _delivery(25, state="unknown", claimed_until=NOW, sent_at=NOW, **ASKED),
        _delivery(25, state="unknown", claimed_until=NOW, sent_at=NOW, **ASKED),
    ),
    # written by the older version after it was migrated
    (
        _delivery(26, state="sent", sent_at=NOW - MINUTE, is_unfinished=True, update_keys_at=[NOW], **CLAIMED),
        _delivery(26, state="sending", until=NOW, sent_at=NOW, **ASKED),
    ),
    # interrupted: by its promise
    (
        _delivery(27, is_unfinished=False, **CLAIMED),
        _delivery(27, state="sending", until=NOW + MINUTE, sent_at=NOW, **ASKED | {"update_key": "message 27"}),
    ),
]
#: promises before the second migration; it changes none of them
PROMISES: list[Document] = [
    _promise(27, []),
    # two of one delivery: the first paid
    {**_promise(28, []), "sent_at": NOW},
    {**_promise(28, []), "_id": _id(281), "request_key": "later"},
    # copies are known; the subscriber was told; a notice could not be edited; put aside by this version
    _promise(29, [5]),
    {**_promise(30, []), "notice_message_id": 6},
    {**_promise(31, []), "notice_message_id": 0},
    {**_promise(32, []), "state": "unknown"},
    # cannot be read
    {**_promise(33, []), "sent_at": None},
    {**_promise(34, []), "message_ids": None},
]
#: deliveries that the second migration inserts
INSERTED: list[Document] = [
    _delivery(
        28,
        state="sending",
        until=NOW,
        sent_at=NOW,
        opened_at=NOW,
        update_key="message 28",
        update_keys=["message 28"],
    )
]


def _after_second(row: Document) -> Document:
    """A delivery of `PAIRS`, none of which is unfinished."""
    kept = {name: value for name, value in row.items() if name != "update_keys_at"}
    return kept | {"state": "refused", "owner": None, "until": None, "sent_at": EPOCH, "chat_id": None}


AFTER: dict[str, list[Document]] = AFTER_FIRST | {
    "deliveries": sorted(
        [
            *map(_after_second, AFTER_FIRST["deliveries"]),
            *(after for _, after in DELIVERIES),
            *INSERTED,
        ],
        key=lambda row: str(row["_id"]),
    ),
    # none of them has a name
    "users": [{**row, "words": [], "username_key": None} for row in AFTER_FIRST["users"]],
    "pending_deletions": sorted([*AFTER_FIRST["pending_deletions"], *PROMISES], key=lambda row: str(row["_id"])),
}


async def store_old(db: Database) -> None:
    """Store every document as it was before."""
    for name, pairs in PAIRS.items():
        await db.collection(name).insert_many([before for before, _ in pairs])
    await db.collection("deliveries").insert_many([before for before, _ in DELIVERIES])
    await db.collection("pending_deletions").insert_many(PROMISES)


async def stored(db: Database) -> dict[str, list[Document]]:
    """Every document of those collections, in order of `_id`."""
    return {name: await db.collection(name).find({}, limit=100, sort=[("_id", 1)]) for name in PAIRS}


async def record_of(db: Database) -> dict[str, Any]:
    """The stored record of migrations."""
    record = await db.collection("migrations").find_one({"_id": "schema"})
    assert record is not None
    return record
