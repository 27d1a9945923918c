"""The right of one process: two owners, lost answers, and clocks that are put back."""

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
    """Whether the lease was got; who looks before asking must not be told otherwise."""
    is_free = await lease_ops.is_free(JOB, now, TTL)
    got = await lease_ops.take(JOB, owner, now, TTL)
    assert got or not is_free
    return got


async def test_one_of_two_has_it_until_its_time_is_over(db: Database, now: datetime) -> None:
    assert await taken(ME, now)
    assert not await taken(OTHER, now)
    assert not await taken(OTHER, now + TTL - MS)
    assert await taken(OTHER, now + TTL)
    assert not await taken(ME, now + TTL)
    assert not await lease_ops.renew(JOB, ME, now + TTL, TTL)
    assert await db.collection("job_leases").count({}) == 1


async def test_jobs_do_not_stand_in_each_others_way(db: Database, now: datetime) -> None:
    assert await taken(ME, now)
    assert await lease_ops.take("another job", OTHER, now, TTL)


async def test_whoever_renews_in_time_keeps_it(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert await lease_ops.renew(JOB, ME, now + TTL - MS, TTL)
    assert not await taken(OTHER, now + TTL)
    assert await taken(OTHER, now + 2 * TTL - MS)


async def test_late_is_not_too_late_while_nobody_took_it(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert await lease_ops.renew(JOB, ME, now + 5 * TTL, TTL)
    assert not await taken(OTHER, now + 5 * TTL)


async def test_what_nobody_holds_is_not_renewed_or_released(db: Database, now: datetime) -> None:
    assert not await lease_ops.renew(JOB, ME, now, TTL)
    assert not await lease_ops.release(JOB, ME, now)
    assert await db.collection("job_leases").count({}) == 0


async def test_only_its_owner_lets_it_go(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert not await lease_ops.release(JOB, OTHER, now)
    assert not await taken(OTHER, now)
    assert await lease_ops.release(JOB, ME, now)
    assert not await lease_ops.release(JOB, ME, now)
    assert not await lease_ops.renew(JOB, ME, now, TTL)
    assert await taken(OTHER, now)


async def test_let_go_is_free_for_a_clock_that_is_behind(db: Database, now: datetime) -> None:
    await taken(ME, now)
    await lease_ops.release(JOB, ME, now)
    assert await lease_ops.is_free(JOB, now - MS, TTL)
    assert await taken(OTHER, now - MS)


@pytest.mark.parametrize(("back", "is_free"), [(TTL, False), (TTL + MS, True), (timedelta(days=1), True)])
async def test_a_lease_of_a_clock_that_was_put_back_does_not_hold_for_long(
    db: Database, now: datetime, back: timedelta, is_free: bool
) -> None:
    await taken(ME, now)
    assert await taken(OTHER, now - back) is is_free


async def test_its_owner_holds_it_also_after_its_clock_was_put_back(db: Database, now: datetime) -> None:
    await taken(ME, now)
    assert await lease_ops.renew(JOB, ME, now - timedelta(days=1), TTL)
    assert not await taken(OTHER, now - timedelta(days=1))


@pytest.mark.parametrize("method", ["insert_one", "update_one"])
async def test_a_lost_answer_is_got_by_asking_again(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    original = getattr(db.collection("job_leases"), method)
    if method == "update_one":
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


async def test_who_is_second_at_the_very_first_taking_does_not_get_it(
    db: Database, now: datetime, step_in: Callable[..., None]
) -> None:
    step_in("job_leases", "insert_one", lambda: lease_ops.take(JOB, OTHER, now, TTL))
    assert not await lease_ops.take(JOB, ME, now, TTL)
    assert await lease_ops.renew(JOB, OTHER, now, TTL)
