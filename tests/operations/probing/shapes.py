"""Shapes of our commands, and of the answers the product relies on."""

from contextlib import suppress

from core.errors import AlreadyThere, StoreRefused
from database.connection import close_database, current_database, open_database
from database.indexes import ensure_indexes
from database.values import Document
from tests.operations.probing.table import HOLD, NOW, Finding, attempt, expect, new_name


async def times_come_back_whole() -> str:
    rows = current_database().collection("shapes")
    await rows.insert_one(
        {"_id": "t", "at": NOW, "none": None, "chat": -1_001_234_567_890, "list": [], "deep": {"a": 1}}
    )
    row = await rows.find_one({"_id": "t"})
    wanted = {"_id": "t", "at": NOW, "none": None, "chat": -1_001_234_567_890, "list": [], "deep": {"a": 1}}
    expect(row == wanted, f"got {row}")
    return "aware, milliseconds; null, 64 bits, lists"


async def finds_match_as_documented() -> str:
    rows = current_database().collection("finds")
    late = NOW + HOLD
    fields: list[Document] = [{}, {"until": None}, {"until": NOW}, {"until": late}]
    await rows.insert_many([{"_id": n, "n": 9 - n, "s": "ab"[n % 2], "t": f"x.{n}", **f} for n, f in enumerate(fields)])
    cases: dict[str, tuple[Document, list[int]]] = {
        "$not $gt": ({"until": {"$not": {"$gt": NOW}}}, [0, 1, 2]),
        "null or absent": ({"until": None}, [0, 1]),
        "$ne null": ({"until": {"$ne": None}}, [2, 3]),
        "$lt is strict and typed": ({"until": {"$lt": late}}, [2]),
        "$lte": ({"until": {"$lte": late}}, [2, 3]),
        "$in": ({"_id": {"$in": [3, 1, 77]}}, [1, 3]),
        "$or": ({"$or": [{"n": 9}, {"t": {"$regex": r"^x\.3"}}]}, [0, 3]),
        "anchored and escaped": ({"t": {"$regex": r"^x\.1"}}, [1]),
    }
    for what, (condition, wanted) in cases.items():
        found = [row["_id"] for row in await rows.find(condition, limit=50, sort=[("_id", 1)])]
        expect(found == wanted, f"{what}: {found} instead of {wanted}")
    page = await rows.find({}, limit=2, skip=1, sort=[("s", -1), ("n", 1)], projection=["n"])
    expect(page == [{"_id": 1, "n": 8}, {"_id": 2, "n": 7}], f"page: {page}")
    expect(await rows.count({"s": "a"}) == 2, "count")
    return f"{len(cases) + 2} shapes"


async def a_range_includes_its_ends() -> str:
    """With every kind of index that serves it: which one must not change what is found."""
    indexes = (("at",), ("at", "n"), ("s", "at"), ("s", "at", "n"))
    asked: dict[str, list[int]] = {"$lt": [0], "$lte": [0, 1], "$gt": [2], "$gte": [1, 2]}
    for number, fields in enumerate(indexes):
        rows = current_database().collection(f"ranges_{number}")
        await rows.create_index([(field, 1) for field in fields])
        await rows.insert_many([{"_id": n, "s": "a", "at": NOW + (n - 1) * HOLD, "n": 9 - n} for n in range(3)])
        others = {"s": "a"} if "s" in fields else {}
        for operator, wanted in asked.items():
            condition: Document = {**others, "at": {operator: NOW}}
            found = [row["_id"] for row in await rows.find(condition, limit=9, sort=[("_id", 1)])]
            expect(found == wanted, f"{operator} by {fields}: {found} instead of {wanted}")
            count = await rows.count(condition)
            expect(count == len(wanted), f"{operator} by {fields}: counted {count}")
            changed = await rows.update_many(condition, {"$inc": {"seen": 1}})
            expect(changed == len(wanted), f"{operator} by {fields}: changed {changed}")
    return f"{len(asked)} ranges by {len(indexes)} indexes"


async def updates_tell_what_they_did() -> str:
    rows = current_database().collection("updates")
    expect(not await rows.update_one({"_id": 1}, {"$set": {"a": 1}}), "matched nothing, said it did")
    expect(await rows.update_one({"_id": 1}, {"$inc": {"c.x": 2}, "$set": {"a": 1}}, upsert=True), "upsert said no")
    expect(await rows.update_one({"_id": 1}, {"$set": {"a": 1}}), "an update that changes nothing still matches")
    before = await rows.find_one_and_update({"_id": 1}, {"$set": {"a": 2}}, before=True)
    after = await rows.find_one_and_update({"_id": 1}, {"$inc": {"c.x": 1, "c.y": 1}})
    expect((before or {}).get("a") == 1 and after == {"_id": 1, "a": 2, "c": {"x": 3, "y": 1}}, f"{before} {after}")
    gone = await rows.find_one_and_update({"_id": 2}, {"$set": {"a": 2}})
    new = await rows.find_one_and_update(
        {"_id": 3}, {"$setOnInsert": {"b": 1}, "$set": {"a": 1}}, upsert=True, before=True
    )
    expect(gone is None and new is None, f"{gone} {new}")
    expect(await rows.update_many({"a": {"$gte": 1}}, {"$set": {"z": NOW}}) == 2, "update_many count")
    expect(not await rows.delete_one({"_id": 1, "a": 1}) and await rows.delete_one({"_id": 1, "a": 2}), "delete_one")
    expect(await rows.delete_many({"_id": {"$in": [1, 3]}, "a": 1}) == 1, "delete_many count")
    return "matched, upserted, before, after, counts"


async def a_taken_key_is_named() -> str:
    rows = current_database().collection("keys")
    await rows.create_index([("a", 1), ("b", 1)], unique=True)
    await rows.insert_one({"_id": 1, "a": 1, "b": 1})
    # a BulkWriteError, which is translated to StoreRefused, on MongoDB too
    with suppress(AlreadyThere, StoreRefused):
        await rows.insert_many([{"_id": 2, "a": 1, "b": 2}, {"_id": 3, "a": 1, "b": 1}, {"_id": 4, "a": 1, "b": 4}])
        expect(False, "insert_many let a second one through")
    expect(
        [row["_id"] for row in await rows.find({}, limit=9, sort=[("_id", 1)])] == [1, 2], "not stopped at the first"
    )
    for tries in (
        lambda: rows.update_one({"_id": 1, "a": 5}, {"$set": {"z": 1}}, upsert=True),
        lambda: rows.update_one({"_id": 2}, {"$set": {"b": 1}}),
        lambda: rows.find_one_and_update({"a": 1, "b": 1, "z": 7}, {"$set": {"q": 1}}, upsert=True),
    ):
        with suppress(AlreadyThere):
            await tries()
            expect(False, "an update or upsert let a second one through")
    return "insert, insert_many, update, upsert, upsert on _id"


async def indexes_stand_and_explain_themselves() -> str:
    db = current_database()
    expect(await ensure_indexes(db) == await ensure_indexes(db), "built twice is not built once")
    expect(await db.collection("nowhere").indexes() == {}, "indexes of nothing")
    double = db.collection("doubles")
    await double.insert_many([{"a": 1}, {"a": 1}])
    with suppress(AlreadyThere):
        await double.create_index([("a", 1)], unique=True)
        expect(False, "a unique index over duplicates was built")
    await double.create_index([("a", 1)])
    try:
        await double.create_index([("a", 1)], unique=True)
    except (AlreadyThere, StoreRefused):
        return "twice is once; duplicates are AlreadyThere; other options are refused"
    expect(not (await double.indexes())["a_1"], "a plain index became unique over duplicates")
    return "twice is once; duplicates are AlreadyThere; other options pass unheard"


SHAPES = (
    times_come_back_whole,
    finds_match_as_documented,
    a_range_includes_its_ends,
    updates_tell_what_they_did,
    a_taken_key_is_named,
    indexes_stand_and_explain_themselves,
)


async def check_shapes(uri: str) -> list[Finding]:
    db = await open_database(uri, new_name(), timeout_s=10)
    try:
        return [await attempt("shapes", check.__name__.replace("_", " "), check) for check in SHAPES]
    finally:
        await db.drop()
        await close_database()
