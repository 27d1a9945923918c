"""Leases: two owners, lost answers, and clocks that are put back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.errors import StoreUnavailable
from database.connection import Database
from database.operations import lease_ops

JOB, ME, OTHER = "broadcast_sender", "me", "other"
MS, TTL = timedelta(milliseconds=1), timedelta(seconds=30)


async def taken(owner: str, now: datetime) -> bool:
    """Take the lease; returns whether it was taken, and asserts that `is_free` had said so."""
    is_free = await lease_ops.is_free(JOB, now, TTL)
    got = await lease_ops.take(JOB, owner, now, TTL)
    assert got is not None or not is_free
    return got is not None


async def test_one_of_two_owners_holds_the_lease_until_it_expires(db: Database, now: datetime) -> None:
    assert await taken(ME, now)
    assert not await taken(OTHER, now)
    assert not await taken(OTHER, now + TTL - MS)
    assert await taken(OTHER, now + TTL)
    assert not await taken(ME, now + TTL)
    assert not await lease_ops.renew(JOB, ME, now + TTL, TTL)
    assert await db.collection("job_leases").count({}) == 1


async def test_leases_of_two_jobs_are_independent(db: Database, now: datetime) -> None:
    assert await taken(ME, now)
    assert await lease_ops.take("another job", OTHER, now, TTL)


async def test_an_owner_that_renews_keeps_the_lease(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert await lease_ops.renew(JOB, ME, now + TTL - MS, TTL)
    assert not await taken(OTHER, now + TTL)
    assert await taken(OTHER, now + 2 * TTL - MS)


async def test_an_expired_lease_can_be_renewed_while_no_other_took_it(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert await lease_ops.renew(JOB, ME, now + 5 * TTL, TTL)
    assert not await taken(OTHER, now + 5 * TTL)


async def test_a_lease_that_is_not_held_is_not_renewed_or_released(db: Database, now: datetime) -> None:
    assert not await lease_ops.renew(JOB, ME, now, TTL)
    assert not await lease_ops.release(JOB, ME, now)
    assert await db.collection("job_leases").count({}) == 0


async def test_only_its_owner_releases_a_lease(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert not await lease_ops.release(JOB, OTHER, now)
    assert not await taken(OTHER, now)
    assert await lease_ops.release(JOB, ME, now)
    assert not await lease_ops.release(JOB, ME, now)
    assert not await lease_ops.renew(JOB, ME, now, TTL)
    assert await taken(OTHER, now)


async def test_a_released_lease_is_free_for_a_clock_that_is_behind(db: Database, now: datetime) -> None:
    await taken(ME, now)
    await lease_ops.release(JOB, ME, now)
    assert await lease_ops.is_free(JOB, now - MS, TTL)
    assert await taken(OTHER, now - MS)


@pytest.mark.parametrize(("back", "is_free"), [(TTL, False), (TTL + MS, True), (timedelta(days=1), True)])
async def test_a_lease_from_a_clock_that_was_put_back_is_free(
    db: Database, now: datetime, back: timedelta, is_free: bool
) -> None:
    await taken(ME, now)
    assert await taken(OTHER, now - back) is is_free


async def test_an_owner_whose_clock_was_put_back_keeps_its_lease(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert await lease_ops.renew(JOB, ME, now - timedelta(days=1), TTL)
    assert not await taken(OTHER, now - timedelta(days=1))


@pytest.mark.parametrize("method", ["insert_one", "find_one_and_update"])
async def test_a_taking_whose_answer_was_lost_can_be_repeated(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    original = getattr(db.collection("job_leases"), method)
    if method == "find_one_and_update":
        await taken(OTHER, now - TTL)

    async def lost(*args: Any, **options: Any) -> None:
        monkeypatch.setattr(db.collection("job_leases"), method, original)
        await original(*args, **options)
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(db.collection("job_leases"), method, lost)
    with pytest.raises(StoreUnavailable):
        await lease_ops.take(JOB, ME, now, TTL)
    assert await taken(ME, now)
    assert not await taken(OTHER, now)


async def test_the_second_of_two_concurrent_first_takings_is_refused(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    step_in("job_leases", "insert_one", lambda: lease_ops.take(JOB, OTHER, now, TTL))
    assert not await lease_ops.take(JOB, ME, now, TTL)
    assert await lease_ops.renew(JOB, OTHER, now, TTL)


async def test_each_taking_has_the_next_fence(db: Database, now: datetime) -> None:
    fences = []
    for number, owner in enumerate((ME, OTHER, ME)):
        fences.append(await lease_ops.take(JOB, owner, now + number * TTL, TTL))
    await lease_ops.release(JOB, ME, now + 2 * TTL)
    fences.append(await lease_ops.take(JOB, OTHER, now, TTL))
    assert fences == [1, 2, 3, 4]
    assert await lease_ops.take("another job", ME, now, TTL) == 1


async def test_a_refused_taking_gets_no_fence(db: Database, now: datetime) -> None:
    assert await lease_ops.take(JOB, ME, now, TTL) == 1
    assert await lease_ops.take(JOB, OTHER, now, TTL) is None
    lease = await lease_ops.find(JOB)
    assert lease is not None
    assert (lease.owner, lease.fence, lease.until) == (ME, 1, now + TTL)


# pauses


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_paused_job_is_not_free_until_it_is_resumed(db: Database, now: datetime, is_known: bool) -> None:
    if is_known:
        await taken(ME, now)
        await lease_ops.release(JOB, ME, now)
    assert await lease_ops.pause(JOB, now, 5)
    assert not await lease_ops.pause(JOB, now + MS, 6), "it is paused"
    assert not await taken(ME, now)
    lease = await lease_ops.find(JOB)
    assert lease is not None
    assert (lease.paused_at, lease.paused_by, lease.owner) == (now, 5, None)
    assert await lease_ops.resume(JOB)
    assert not await lease_ops.resume(JOB)
    assert await taken(ME, now)


async def test_a_paused_job_can_be_taken_explicitly_but_not_from_another_owner(db: Database, now: datetime) -> None:
    await lease_ops.pause(JOB, now, 5)
    assert await lease_ops.take(JOB, ME, now, TTL, even_paused=True) == 1
    assert await lease_ops.take(JOB, OTHER, now, TTL, even_paused=True) is None
    assert await lease_ops.renew(JOB, ME, now, TTL)
    assert await lease_ops.release(JOB, ME, now)
    assert not await taken(OTHER, now), "it stays paused"


async def test_a_pause_does_not_end_a_lease(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert await lease_ops.pause(JOB, now, 5)
    lease = await lease_ops.find(JOB)
    assert lease is not None
    assert lease.is_held(now)
    assert await lease_ops.renew(JOB, ME, now, TTL)


@pytest.mark.parametrize("what", ["pause", "take"])
async def test_a_first_pause_races_a_pause_or_a_taking(
    db: Database, now: datetime, step_in: Callable[..., None], what: str
) -> None:
    other = lease_ops.pause(JOB, now, 6) if what == "pause" else lease_ops.take(JOB, ME, now, TTL)
    step_in("job_leases", "insert_one", lambda: other)
    assert await lease_ops.pause(JOB, now, 5) is (what == "take")
    lease = await lease_ops.find(JOB)
    assert lease is not None
    assert (lease.paused_by, lease.is_held(now)) == ((6, False) if what == "pause" else (5, True))


async def test_a_job_that_never_ran_cannot_be_resumed_and_has_no_lease(db: Database, now: datetime) -> None:
    assert not await lease_ops.resume(JOB)
    assert await lease_ops.find(JOB) is None
    assert await lease_ops.find_many(["fake"]) == {}


async def test_existing_leases_are_found_by_job(db: Database, now: datetime) -> None:
    await lease_ops.take(JOB, ME, now, TTL)
    await lease_ops.pause("another job", now, 5)
    standing = await lease_ops.find_many([JOB, "another job", "one that never ran"])
    assert {job: (row.owner, row.paused_by) for job, row in standing.items()} == {
        JOB: (ME, None),
        "another job": (None, 5),
    }
