"""Undeletable deliveries are counted once and owners notified once, whatever crashes in between."""

from datetime import timedelta

import pytest

from core.errors import StoreUnavailable
from core.jobs import JobOutcome, RunReport
from database.connection import current_database
from database.operations import deletion_ops, delivery_ops, impossible_deletions
from database.operations.delivery_ops import NewDelivery
from schedulers import create_message_deleter_scheduler
from tests.house import ADMIN_BOT, ALICE, House


async def run_deleter(house: House) -> RunReport:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def add_undeletable(house: House, count: int = 1) -> None:
    """Deliveries of three days ago that were not deleted, by turns in their own row and put aside."""
    sent_at = house.base.clock.now() - timedelta(days=3)
    for number in range(count):
        code, message_ids = f"code{number}", [number + 1]
        if number % 2:
            await deletion_ops.promise(1002, ALICE, ALICE, code, sent_at, sent_at, message_ids)
            continue
        claim = await delivery_ops.start(NewDelivery(1002, ALICE, code, "m", "a process", sent_at, sent_at))
        assert claim is not None
        await delivery_ops.record_sent(claim, message_ids, 9, sent_at=sent_at, delete_at=sent_at, paid_until=None)


async def alerts_to_owner(house: House) -> list[str]:
    transcript = await house.olive.transcript(ADMIN_BOT)
    return [m["text"] for m in transcript["messages"] if "could not be deleted" in m.get("text", "")]


async def count_recorded() -> int:
    return await current_database().collection("impossible_deletions").count({})


async def test_after_a_crash_before_its_promise_is_removed_a_delivery_counts_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_undeletable(house, 2)

    async def fail(*_: object) -> int:
        raise KeyError("as good as a kill -9")

    with monkeypatch.context() as broken:
        broken.setattr(deletion_ops, "finish", fail)
        assert (await run_deleter(house)).outcome is JobOutcome.FAILED
    assert (await count_recorded(), len(await deletion_ops.open_deliveries(ALICE, 10))) == (2, 2)
    await house.advance(minutes=3)
    assert (await run_deleter(house)).counts == {"too_old": 2}
    assert (await count_recorded(), await deletion_ops.open_deliveries(ALICE, 10)) == (2, [])


async def test_owners_are_notified_once_of_what_a_killed_process_recorded(house: House) -> None:
    await add_undeletable(house)
    promises = await deletion_ops.open_deliveries(ALICE, 10)
    await impossible_deletions.record_impossible([(promises[0], "too_old")], house.base.clock.now())
    await deletion_ops.finish([promises[0].id], "a test")
    await run_deleter(house)
    (text,) = await alerts_to_owner(house)
    assert "no longer deletes them: 1" in text
    await run_deleter(house)
    assert len(await alerts_to_owner(house)) == 1


async def test_a_short_outage_at_the_end_of_a_run_repeats_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_undeletable(house)
    finish, tries = deletion_ops.finish, 0

    async def fail_at_first(promise_ids: list[str], owner: str) -> int:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise StoreUnavailable("gone")
        return await finish(promise_ids, owner)

    monkeypatch.setattr(deletion_ops, "finish", fail_at_first)
    report = await run_deleter(house)
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"too_old": 1})
    assert await deletion_ops.open_deliveries(ALICE, 10) == []


async def test_an_outage_while_alerts_are_counted_does_not_fail_the_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_undeletable(house)

    async def fail(*_: object) -> int:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(impossible_deletions, "claim_for_notice", fail)
    assert (await run_deleter(house)).outcome is JobOutcome.SUCCEEDED
    assert await alerts_to_owner(house) == []


async def test_owners_are_notified_within_the_hour_of_what_another_job_recorded(house: House) -> None:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()
    await add_undeletable(house)
    (promise,) = await deletion_ops.open_deliveries(ALICE, 10)
    await impossible_deletions.record_impossible([(promise, "reader_gone")], house.base.clock.now())
    await current_database().collection("deliveries").delete_many({})
    await house.advance(minutes=59)
    await deleter.delete_due_messages()
    assert await alerts_to_owner(house) == []
    await house.advance(minutes=1)
    await deleter.delete_due_messages()
    assert "account is gone: 1" in (await alerts_to_owner(house))[0]
