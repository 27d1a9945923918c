"""The first migration: each old-shaped document becomes the document this version writes, whatever writes meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import StoreUnavailable
from core.users import Charge, PoppedPost
from database.connection import Database
from database.migrations import steps
from database.migrations.m0001_update_keys import MIGRATION
from database.migrations.runner import Migrator, migrate
from database.operations import delivery_ops, token_counts, user_credits, user_ops
from database.operations.delivery_ops import NewDelivery
from database.values import Document
from tests.operations.conftest import NOW, StepIn
from tests.operations.migrations.old_shapes import AFTER_FIRST, PAIRS, A, B, stored

HOLD = timedelta(minutes=1)


async def store_old(db: Database) -> None:
    for name, pairs in PAIRS.items():
        await db.collection(name).insert_many([before for before, _ in pairs])


async def migrate_first(db: Database) -> None:
    """Apply this migration and no later one."""
    migrator = Migrator(db, migrations=(MIGRATION,))
    while not migrator.is_done:
        await migrator.step()


async def test_every_old_document_becomes_the_new_one(bare_db: Database) -> None:
    await store_old(bare_db)
    await migrate_first(bare_db)
    assert await stored(bare_db) == AFTER_FIRST


async def test_applying_every_step_again_changes_nothing_and_costs_one_read(bare_db: Database) -> None:
    await store_old(bare_db)
    await migrate_first(bare_db)
    for step in MIGRATION.steps:
        rows = bare_db.bulk(step.collection)
        page = await rows.find({}, limit=100, projection=step.fields)
        bare_db.calls.clear()
        await step.apply(bare_db, page)
        assert bare_db.calls.total() == 0
    assert await stored(bare_db) == AFTER_FIRST


async def test_a_page_of_renames_takes_two_commands(bare_db: Database) -> None:
    await bare_db.collection("pending_deletions").insert_many([{"wish": f"{number}"} for number in range(50)])
    (step, *_) = MIGRATION.steps
    rows = bare_db.bulk("pending_deletions")
    page = await rows.find({}, limit=100, projection=step.fields)
    bare_db.calls.clear()
    await step.apply(bare_db, page)
    assert bare_db.calls == {"update_many pending_deletions": 1, "find pending_deletions": 1}


# the operations of this version use migrated documents


async def test_a_delivery_claimed_before_is_known_to_its_update(bare_db: Database) -> None:
    await bare_db.collection("deliveries").insert_one(
        {
            "_id": f"1:7:{A}",
            "bot_id": 1,
            "user_id": 7,
            "post_code": A,
            "opened_at": NOW - HOLD,
            "claimed_until": NOW - HOLD,
            "is_unfinished": False,
            "count": 1,
            "mark": "update 5",
            "marks": ["update 5"],
            "marked_at": [NOW - HOLD],
        }
    )
    await migrate(bare_db)
    again = NewDelivery(1, 7, A, "update 5", "owner", NOW, None)
    assert await delivery_ops.start(again) is None
    claim = await delivery_ops.start(replace(again, update_key="update 6"))
    assert claim is not None and claim.before is not None
    assert (claim.count, claim.before.opened_at) == (2, NOW - HOLD)


async def test_a_link_counted_before_is_not_counted_again(bare_db: Database) -> None:
    await bare_db.collection("token_generator_count").insert_one(
        {"user_id": 7, "date": NOW, "count": 1, "marks": ["update 5"]}
    )
    await migrate(bare_db)
    assert await token_counts.count_link(7, NOW, 5, "update 5") == 1
    assert await token_counts.links_on(7, NOW) == 1


async def test_a_credit_spent_before_can_be_given_back_and_a_popped_post_popped_again(bare_db: Database) -> None:
    await bare_db.collection("users").insert_one(
        {
            "user_id": 7,
            "credits": 0,
            "charges": {A: {"at": NOW, "mark": "update 5"}},
            "wanted_code": None,
            "wanted_at": None,
            "wanted_taken": {"code": B, "mark": "update 4"},
            "joined_at": NOW,
            "last_seen_at": NOW,
        }
    )
    await migrate(bare_db)
    user = await user_ops.find(7)
    assert user is not None
    assert user.charges == {A: Charge(at=NOW, update_key="update 5")}
    assert user.popped_post == PoppedPost(code=B, update_key="update 4")
    assert await user_ops.pop_pending_post(7, B, NOW, "update 4")
    assert await user_credits.give_back_credit(7, A, "update 5")
    assert not await user_credits.give_back_credit(7, A, "update 5")


# a process of the older version writes between the read and the update


async def one(db: Database, collection: str) -> Document:
    (document,) = await db.collection(collection).find({}, limit=2)
    del document["_id"]
    return document


async def test_a_claim_between_read_and_update_is_kept(bare_db: Database, step_in: StepIn) -> None:
    deliveries = bare_db.collection("deliveries")
    await deliveries.insert_one({"_id": "1:1:a", "mark": "x", "marks": ["x"]})

    async def claim() -> None:
        await deliveries.update_one({}, {"$set": {"mark": "y"}, "$push": {"marks": "y"}})

    step_in("deliveries", "update_many", claim)
    await migrate_first(bare_db)
    assert await one(bare_db, "deliveries") == {"update_key": "y", "update_keys": ["x", "y"]}


async def test_a_claim_after_the_renaming_is_merged(bare_db: Database, step_in: StepIn) -> None:
    deliveries = bare_db.collection("deliveries")
    await deliveries.insert_one({"_id": "1:1:a", "mark": "x", "marks": ["x"]})
    original = bare_db.bulk("deliveries").find

    async def claim_behind_the_first_read() -> None:
        # the second find reads what the server has renamed
        step_in("deliveries", "find", claim)

    async def claim() -> None:
        assert (await original({}, limit=1))[0]["update_keys"] == ["x"]
        await deliveries.update_one({}, {"$set": {"mark": "y"}, "$push": {"marks": "y"}})

    step_in("deliveries", "update_many", claim_behind_the_first_read)
    await migrate_first(bare_db)
    assert await one(bare_db, "deliveries") == {"update_key": "y", "update_keys": ["x", "y"]}


async def test_a_merge_starts_again_when_the_document_changes(bare_db: Database, step_in: StepIn) -> None:
    deliveries = bare_db.collection("deliveries")
    await deliveries.insert_one({"_id": "1:1:a", "update_keys": ["x"], "marks": ["y"]})

    async def claim() -> None:
        await deliveries.update_one({}, {"$push": {"marks": "z"}})

    step_in("deliveries", "find_one_and_update", claim)
    await migrate_first(bare_db)
    assert await one(bare_db, "deliveries") == {"update_keys": ["x", "y", "z"]}


#: what a process of the older version does to a user with a charge and a pending post, and the user after the migration
WRITES: dict[str, tuple[Document, Document]] = {
    "another charge of the same post": (
        {"$set": {f"charges.{A}": {"at": NOW, "mark": "later"}}},
        {"charges": {A: {"at": NOW, "update_key": "later"}}, "pending_code": A},
    ),
    "a charge of another post": (
        {"$set": {f"charges.{B}": {"at": NOW, "mark": "y"}}},
        {"charges": {A: {"at": NOW, "update_key": "x"}, B: {"at": NOW, "update_key": "y"}}, "pending_code": A},
    ),
    "the credit given back": (
        {"$unset": {f"charges.{A}": ""}, "$inc": {"credits": 1}},
        {"charges": {}, "credits": 1, "pending_code": A},
    ),
    "another pending post": (
        {"$set": {"wanted_code": B}},
        {"charges": {A: {"at": NOW, "update_key": "x"}}, "pending_code": B},
    ),
    "the post popped": (
        {"$set": {"wanted_code": None, "wanted_taken": {"code": A, "mark": "y"}}},
        {
            "charges": {A: {"at": NOW, "update_key": "x"}},
            "pending_code": None,
            "popped_post": {"code": A, "update_key": "y"},
        },
    ),
}


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_to_a_user_between_read_and_update_is_kept(bare_db: Database, step_in: StepIn, name: str) -> None:
    write, expected = WRITES[name]
    users = bare_db.collection("users")
    await users.insert_one({"user_id": 7, "charges": {A: {"at": NOW, "mark": "x"}}, "wanted_code": A})

    async def by_the_older_version() -> None:
        await users.update_one({"user_id": 7}, write)

    step_in("users", "find_one_and_update", by_the_older_version)
    await migrate_first(bare_db)
    assert await one(bare_db, "users") == {"user_id": 7, **expected}


async def test_a_document_deleted_between_read_and_update_stays_deleted(bare_db: Database, step_in: StepIn) -> None:
    users = bare_db.collection("users")
    await users.insert_one({"user_id": 7, "wanted_code": A})

    async def delete() -> None:
        await users.delete_one({"user_id": 7})

    step_in("users", "find_one_and_update", delete)
    await migrate_first(bare_db)
    assert await users.count({}) == 0


async def test_a_document_that_never_stops_changing_ends_as_unavailable(
    bare_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = bare_db.collection("users")
    await users.insert_one({"user_id": 7, "wanted_code": A})
    tries = 0

    async def faster(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1

    monkeypatch.setattr(bare_db.bulk("users"), "find_one_and_update", faster)
    with pytest.raises(StoreUnavailable, match="concurrent writers were faster 20 times"):
        await migrate_first(bare_db)
    assert tries == steps._TRIES == 20
