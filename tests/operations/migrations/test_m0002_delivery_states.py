"""The second migration: no delivery of the previous version is lost, and what was interrupted is explained once."""

from datetime import timedelta

import pytest

from core.delivery_states import DeliveryState
from database.connection import Database
from database.migrations.m0002_delivery_states import MIGRATION
from database.migrations.runner import migrate
from database.operations import deletion_ops, delivery_ops, housekeeping_ops, user_credits, user_ops
from database.operations.delivery_ops import NewDelivery
from database.values import Document
from tests.house import ALICE, USER_BOT, running_house
from tests.operations.conftest import NOW, StepIn
from tests.operations.migrations.old_shapes import AFTER, INSERTED, MINUTE, A, store_old, stored

BOT = 1002
DAY = timedelta(days=1)


def claimed(user_id: int, post_code: str = A, **more: object) -> Document:
    """A claim as the previous version wrote it."""
    return {
        "_id": f"{BOT}:{user_id}:{post_code}",
        "bot_id": BOT,
        "user_id": user_id,
        "post_code": post_code,
        "opened_at": NOW - MINUTE,
        "claimed_until": NOW,
        "is_unfinished": False,
        "update_key": "message 5",
        "update_keys": ["message 5"],
        "update_keys_at": [NOW - MINUTE],
        "count": 1,
        **more,
    }


def promised(user_id: int, post_code: str = A, **more: object) -> Document:
    """A promise as the previous version wrote it before anything was sent."""
    return {
        "bot_id": BOT,
        "user_id": user_id,
        "chat_id": user_id,
        "message_ids": [],
        "notice_message_id": None,
        "post_code": post_code,
        "request_key": "message 5",
        "sent_at": NOW - MINUTE,
        "delete_at": NOW + 30 * MINUTE,
        "attempts": 0,
        "not_before": None,
        "claimed_by": None,
        "claimed_until": None,
        "claim": None,
        "last_error": None,
        **more,
    }


def asked_again(user_id: int, now_key: str = "message 6") -> NewDelivery:
    return NewDelivery(BOT, user_id, A, now_key, "owner", NOW, NOW + 30 * MINUTE)


async def test_applying_every_step_again_changes_nothing(bare_db: Database) -> None:
    await store_old(bare_db)
    await migrate(bare_db)
    commands = []
    for step in MIGRATION.steps:
        page = await bare_db.bulk(step.collection).find({}, limit=100, projection=step.fields)
        bare_db.calls.clear()
        await step.apply(bare_db, page)
        commands.append(dict(bare_db.calls))
    # one for each interrupted promise
    assert commands == [{}, {"update_one deliveries": 3}]
    assert await stored(bare_db) == AFTER


async def test_recovery_finds_every_interrupted_delivery_and_no_other(bare_db: Database) -> None:
    await store_old(bare_db)
    await migrate(bare_db)
    found = await delivery_ops.find_lapsed(1, NOW + 2 * MINUTE, 100)
    assert {row.user_id for row in found} == {21, 24, 26, 27, INSERTED[0]["user_id"]}
    for row in found:
        claim = await delivery_ops.take_over(row, "owner", NOW + 2 * MINUTE)
        assert claim is not None
        assert await delivery_ops.record_unknown(claim, 50)
    assert await delivery_ops.find_lapsed(1, NOW + DAY, 100) == []


async def test_a_delivery_that_ended_before_is_opened_again_and_its_copies_can_be_deleted(bare_db: Database) -> None:
    await bare_db.collection("deliveries").insert_many([claimed(7), claimed(8, opened_at=None)])
    await migrate(bare_db)
    for user_id in (7, 8):
        claim = await delivery_ops.start(asked_again(user_id))
        assert claim is not None and claim.before is not None
        due_at = NOW + 30 * MINUTE
        assert await delivery_ops.record_sent(claim, [11], 12, sent_at=NOW, delete_at=due_at, paid_until=None)
        (promise,) = await deletion_ops.open_deliveries(user_id, 10)
        assert (promise.chat_id, promise.message_ids, promise.delete_at) == (user_id, (11,), due_at)
        assert len(await deletion_ops.claim_due(due_at, f"deleter {user_id}", MINUTE, 10, bot_id=BOT)) == 1


async def test_an_update_answered_before_is_not_answered_again(bare_db: Database) -> None:
    await bare_db.collection("deliveries").insert_one(claimed(7))
    await migrate(bare_db)
    assert await delivery_ops.start(asked_again(7, "message 5")) is None
    row = await delivery_ops.find(BOT, 7, A)
    assert row is not None and row.was_asked_by("message 5")


async def test_promises_stay_due_and_those_with_copies_are_left_to_the_deleter(bare_db: Database) -> None:
    promises = [promised(7, request_key="a"), promised(7, message_ids=[11], notice_message_id=12, request_key="b")]
    await bare_db.collection("pending_deletions").insert_many(promises)
    await migrate(bare_db)
    kept = await bare_db.collection("pending_deletions").find({}, limit=10, sort=[("request_key", 1)])
    assert [{name: row[name] for name in row if name != "_id"} for row in kept] == [
        {name: row[name] for name in row if name != "_id"} for row in promises
    ]
    assert len(await deletion_ops.claim_due(NOW + 30 * MINUTE, "deleter", MINUTE, 10, bot_id=BOT)) == 2
    row = await delivery_ops.find(BOT, 7, A)
    assert row is not None and row.update_key == "a" and row.delete_at is None, "promised once"


async def test_the_credit_of_an_interrupted_delivery_comes_back_once(bare_db: Database) -> None:
    await bare_db.collection("users").insert_one(
        {
            "user_id": 7,
            "credits": 0,
            "charges": {A: {"at": NOW - MINUTE, "update_key": "message 5"}},
            "joined_at": NOW,
            "last_seen_at": NOW,
        }
    )
    # a later request within the free time was answered; the one that paid was not
    await bare_db.collection("deliveries").insert_one(claimed(7, update_key="message 6"))
    await bare_db.collection("pending_deletions").insert_many(
        [promised(7), promised(7, request_key="message 6", message_ids=[11], notice_message_id=12)]
    )
    await migrate(bare_db)
    (row,) = await delivery_ops.find_lapsed(BOT, NOW, 10)
    assert await user_credits.give_back_credit(7, A, row.update_key)
    assert not await user_credits.give_back_credit(7, A, row.update_key)
    user = await user_ops.find(7)
    assert user is not None and (user.credits, user.charges) == (1, {})


async def test_after_the_upgrade_the_subscriber_is_told_once_and_has_the_credit_again() -> None:
    async with running_house(timers=False) as house:
        db = house.base.database
        await house.alice.text(USER_BOT, "/start")
        await house.settle()
        now = house.base.clock.now()
        await db.collection("users").update_one(
            {"user_id": ALICE}, {"$set": {"credits": 0, "charges": {A: {"at": now, "update_key": "message 5"}}}}
        )
        await db.collection("deliveries").insert_one(claimed(ALICE, opened_at=now - MINUTE))
        await db.collection("pending_deletions").insert_one(promised(ALICE, sent_at=now - MINUTE, delete_at=now + DAY))
        await db.collection("migrations").update_one({"_id": "schema"}, {"$set": {"last": 1, "step": 0}})
        await migrate(db)
        for _ in range(12):
            # the former owner is taken for dead when its row was seen unchanged for half a minute
            await house.user_bot.recovery.recover()
            await house.advance(seconds=10)
        texts = [one.get("text", "") for one in (await house.alice.transcript(USER_BOT))["messages"]]
        assert sum("was interrupted" in text for text in texts) == 1
        user, row = await user_ops.find(ALICE), await delivery_ops.find(BOT, ALICE, A)
        assert user is not None and user.credits == 1
        assert row is not None and row.state is DeliveryState.UNKNOWN


async def test_a_failed_delivery_of_before_is_cleaned_up_by_the_time_it_failed(bare_db: Database) -> None:
    await bare_db.collection("deliveries").insert_one(claimed(7, opened_at=None, claimed_until=NOW))
    await migrate(bare_db)
    assert (await housekeeping_ops.delete_failed_deliveries(NOW)).count == 0
    assert (await housekeeping_ops.delete_failed_deliveries(NOW + MINUTE)).count == 1


# a process of the older version writes between the read and the update


@pytest.mark.parametrize("is_unfinished", [False, True])
async def test_a_claim_between_read_and_update_is_kept(bare_db: Database, step_in: StepIn, is_unfinished: bool) -> None:
    deliveries = bare_db.collection("deliveries")
    await deliveries.insert_one(claimed(7, is_unfinished=not is_unfinished))

    async def claim() -> None:
        fresh = {"opened_at": NOW, "is_unfinished": is_unfinished, "update_key": "message 6"}
        await deliveries.update_one({}, {"$set": fresh, "$push": {"update_keys": "message 6"}})

    step_in("deliveries", "find_one_and_update", claim)
    await migrate(bare_db)
    row = await delivery_ops.find(BOT, 7, A)
    assert row is not None
    assert (row.update_key, row.update_keys) == ("message 6", ("message 5", "message 6"))
    state = DeliveryState.SENDING if is_unfinished else DeliveryState.SENT
    assert (row.state, row.until, row.sent_at) == (state, NOW if is_unfinished else None, NOW)


async def test_a_delivery_inserted_before_it_is_marked_interrupted_is_marked(
    bare_db: Database, step_in: StepIn
) -> None:
    await bare_db.collection("pending_deletions").insert_one(promised(7))

    async def claim() -> None:
        await bare_db.collection("deliveries").insert_one(claimed(7))

    step_in("deliveries", "update_one", claim)
    await migrate(bare_db)
    (row,) = await delivery_ops.find_lapsed(BOT, NOW, 10)
    assert (row.id, row.count) == (f"{BOT}:7:{A}", 1)


async def test_of_two_interrupted_requests_the_first_is_explained(bare_db: Database) -> None:
    await bare_db.collection("deliveries").insert_one(claimed(7, update_key="message 6"))
    for key in ("message 5", "message 6"):
        await bare_db.collection("pending_deletions").insert_one(promised(7, request_key=key))
    await migrate(bare_db)
    (row,) = await delivery_ops.find_lapsed(BOT, NOW, 10)
    assert row.update_key == "message 5"
