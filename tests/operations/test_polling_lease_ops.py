"""The lease of one bot's polls in the database: each change is one conditional update."""

from datetime import UTC, datetime

import pytest
from pymongo.errors import OperationFailure

from core.errors import StoreRefused
from database import unreadable_rows
from database.connection import Database
from database.operations.processes import polling_lease_ops

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOT, OTHER_BOT = 1001, 1002


async def test_of_two_processes_that_saw_the_same_one_takes_it(db: Database) -> None:
    first = await polling_lease_ops.take(BOT, "a", "", None, NOW)
    assert first is not None
    assert (first.owner, first.beat) == ("a", 1)
    assert await polling_lease_ops.take(BOT, "b", "", None, NOW) is None
    taken = [await polling_lease_ops.take(BOT, owner, owner, first, NOW) for owner in ("b", "c")]
    assert [lease is not None for lease in taken] == [True, False]
    assert taken[0] == await polling_lease_ops.find(BOT)
    assert await polling_lease_ops.find(OTHER_BOT) is None


async def test_a_renewal_after_the_look_keeps_it(db: Database) -> None:
    seen = await polling_lease_ops.take(BOT, "a", "", None, NOW)
    renewed = await polling_lease_ops.renew(BOT, "a", NOW)
    assert renewed is not None and seen is not None
    assert renewed.beat == seen.beat + 1
    assert await polling_lease_ops.take(BOT, "b", "", seen, NOW) is None


async def test_only_the_owner_renews_and_releases(db: Database) -> None:
    await polling_lease_ops.take(BOT, "a", "", None, NOW)
    assert await polling_lease_ops.renew(BOT, "b", NOW) is None
    assert not await polling_lease_ops.release(BOT, "b", NOW)
    assert await polling_lease_ops.release(BOT, "a", NOW)
    assert await polling_lease_ops.renew(BOT, "a", NOW) is None
    released = await polling_lease_ops.find(BOT)
    assert released is not None
    assert released.owner is None
    assert await polling_lease_ops.take(BOT, "b", "", released, NOW) is not None


async def test_who_stands_by_is_counted_and_does_not_count_as_a_renewal(db: Database) -> None:
    assert not await polling_lease_ops.stand_by(BOT)
    seen = await polling_lease_ops.take(BOT, "a", "", None, NOW)
    assert await polling_lease_ops.stand_by(BOT)
    lease = await polling_lease_ops.find(BOT)
    assert lease is not None and seen is not None
    assert (lease.standby_beat, lease.beat) == (1, seen.beat)


BREAKS = [("beat", "x"), ("standby_beat", "x"), ("process", 5), ("owner", 7), ("owner", ["a"])]


@pytest.mark.parametrize(("field", "value"), BREAKS)
async def test_a_row_that_cannot_be_read_is_nobodys_until_one_writes_it_anew(
    db: Database, field: str, value: object
) -> None:
    await polling_lease_ops.take(BOT, "a", "", None, NOW)
    await db.collection("polling_leases").update_one({"_id": f"polls:{BOT}"}, {"$set": {field: value}})
    assert await _renewed(db, field) is None
    seen = await polling_lease_ops.find(BOT)
    assert seen is not None and seen.owner == polling_lease_ops.UNREADABLE
    assert [row.key for row in await unreadable_rows.find()] == [f"polling_leases:polls:{BOT}"]

    taken = [await polling_lease_ops.take(BOT, owner, owner, seen, NOW) for owner in ("b", "c")]
    assert [lease and (lease.owner, lease.beat) for lease in taken] == [("b", 1), None]
    assert taken[0] == await polling_lease_ops.find(BOT)
    assert await polling_lease_ops.renew(BOT, "b", NOW) is not None


async def _renewed(db: Database, field: str) -> object:
    """Renew a row; a server counts no text on, which the store in memory does not notice alike."""
    if field == "beat":
        db.before_call = _counts_no_text
    try:
        return await polling_lease_ops.renew(BOT, "a", NOW)
    finally:
        db.before_call = None


def _counts_no_text(operation: str, _: str) -> None:
    if operation == "find_one_and_update":
        raise OperationFailure("Cannot apply $inc to a value of non-numeric type", 14)


async def test_a_renewal_that_is_refused_for_another_reason_says_nothing_about_the_lease(db: Database) -> None:
    await polling_lease_ops.take(BOT, "a", "", None, NOW)
    db.before_call = _counts_no_text
    with pytest.raises(StoreRefused):
        await polling_lease_ops.renew(BOT, "a", NOW)
