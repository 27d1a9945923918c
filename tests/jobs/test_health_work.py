"""The health check knows: something is due and nobody does it; a stored document cannot be read."""

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.health.findings import RECOVERY
from core.health.rules import NAMED_MAX
from database.connection import Database
from database.operations import broadcast_ops, delivery_ops, lease_ops, run_ops
from database.operations.delivery_ops import NewDelivery
from database.values import Document
from monitoring import metrics
from monitoring.health import set_health_metrics
from schedulers.leases import TTL
from tests.jobs.test_health_check import USER_BOT, CheckedHouse

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def house(db: Database, clock: ManualClock) -> CheckedHouse:
    return CheckedHouse(db, clock)


def broadcast(**more: object) -> Document:
    row: Document = {"key": "k", "title": "", "source_chat_id": -1, "message_ids": [1], "created_by": 1}
    return row | {"created_at": NOW, "send_at": NOW, "status": "queued", "progress_chat_id": 1, **more}


#: work that is due now, by the job that would do it
WORK: dict[str, tuple[str, Document]] = {
    "broadcast_sender": ("broadcasts", broadcast()),
    "broadcast_deleter": ("broadcasts", broadcast(status="sent", delete_at=NOW)),
    "publisher": ("announcements", {"state": "planned", "is_now": False, "due_at": NOW}),
    "announcement_deleter": ("announcements", {"state": "published", "leaves_at": NOW}),
}


@pytest.mark.parametrize("job", WORK)
async def test_owners_are_told_of_work_that_is_due_for_five_minutes_while_no_process_holds_its_job(
    house: CheckedHouse, job: str
) -> None:
    collection, row = WORK[job]
    await house.db.collection(collection).insert_one(row)
    assert (await house.run_check(5)).findings == ()
    assert await house.troubles() == {f"work_waits:{job}"}
    await house.run_check()
    (alert,) = house.alerts
    assert f"The work of the job {job} has been due for 7 minutes" in alert
    await house.db.collection(collection).delete_one({})
    await house.run_check(3)
    assert house.alerts[1:] == [f"The work of the job {job} is done again."]


@pytest.mark.parametrize("is_held", [True, False])
async def test_work_of_a_job_that_runs_or_is_paused_is_not_left_undone(house: CheckedHouse, is_held: bool) -> None:
    await house.db.collection("broadcasts").insert_one(broadcast())
    house.clock.move(10 * MINUTE)
    if is_held:
        await lease_ops.take("broadcast_sender", "a", house.clock.now(), 10 * TTL)
    else:
        await lease_ops.pause("broadcast_sender", NOW, 1)
    assert await house.troubles() == set()


async def test_a_requested_run_that_nobody_starts_is_found_after_two_minutes(house: CheckedHouse) -> None:
    await run_ops.request_run("backup", NOW, 1)
    assert (await house.run_check(2)).findings == ()
    assert await house.troubles() == {"work_waits:backup"}


async def test_interrupted_deliveries_of_which_nobody_tells_are_found(house: CheckedHouse) -> None:
    await delivery_ops.start(NewDelivery(USER_BOT, 7, "c" * 16, "u", "a", NOW, None))
    assert (await house.run_check(5)).findings == ()
    assert await house.troubles() == {f"work_waits:{RECOVERY}"}


async def test_a_row_that_cannot_be_read_is_told_once_and_once_when_it_can(house: CheckedHouse) -> None:
    await house.db.collection("broadcasts").insert_one(broadcast(_id="b", title=5, status="sent"))
    await broadcast_ops.last(5)
    health = await house.run_check(4)
    assert [finding.key for finding in health.findings] == ["row_unreadable:broadcasts:b"]
    (alert,) = house.alerts
    assert "One row of broadcasts cannot be read: b. The rest goes on." in alert
    assert "title: Input should be a valid string" in alert and "python -m database unreadable" in alert
    set_health_metrics(health)
    assert metrics.ROWS_UNREADABLE.labels(collection="broadcasts")._value.get() == 1

    await house.db.collection("broadcasts").update_one({}, {"$set": {"title": "News"}})
    health = await house.run_check(3)
    assert house.alerts[1:] == ["The row broadcasts:b can be read again, or is gone."]
    set_health_metrics(health)
    assert next(iter(metrics.ROWS_UNREADABLE.collect())).samples == []


async def test_of_many_rows_of_one_collection_a_few_are_named(house: CheckedHouse) -> None:
    rows = [broadcast(_id=f"b{number}", key=f"k{number}", title=5) for number in range(40)]
    await house.db.collection("broadcasts").insert_many(rows)
    await broadcast_ops.last(50)
    await house.run_check(3)
    assert len(house.alerts) == NAMED_MAX + 1
    assert f"{40 - NAMED_MAX} more rows of broadcasts cannot be read." in "".join(house.alerts)
