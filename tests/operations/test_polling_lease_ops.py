"""The lease of one bot's polls in the database: each change is one conditional update."""

from datetime import UTC, datetime

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
