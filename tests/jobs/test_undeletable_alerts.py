"""What cannot be taken back is counted once and told, whatever crashes in between."""

from datetime import timedelta

import pytest

from core.errors import StoreUnavailable
from core.jobs import JobOutcome, RunReport
from database.connection import current_database
from database.operations import deletion_ops, impossible_deletions
from schedulers import create_message_deleter_scheduler
from tests.house import ALICE, House

OWNER_BOT = "house_admin_bot"


async def take_back(house: House) -> RunReport:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def forgotten(house: House, count: int = 1) -> None:
    """Deliveries of three days ago that nobody took back."""
    sent_at = house.base.clock.now() - timedelta(days=3)
    for number in range(count):
        await deletion_ops.promise(1002, ALICE, ALICE, f"code{number}", sent_at, sent_at, [number + 1])


async def told(house: House) -> list[str]:
    said = await house.olive.transcript(OWNER_BOT)
    return [m["text"] for m in said["messages"] if "could not be taken back" in m.get("text", "")]


async def rows() -> int:
    return await current_database().collection("impossible_deletions").count({})


async def test_a_crash_before_the_promise_is_removed_counts_it_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await forgotten(house, 2)

    async def killed(*_: object) -> int:
        raise KeyError("as good as a kill -9")

    with monkeypatch.context() as broken:
        broken.setattr(deletion_ops, "finish", killed)
        assert (await take_back(house)).outcome is JobOutcome.FAILED
    assert (await rows(), len(await deletion_ops.open_deliveries(ALICE, 10))) == (2, 2)
    await house.advance(minutes=3)
    assert (await take_back(house)).counts == {"too_old": 2}
    assert (await rows(), await deletion_ops.open_deliveries(ALICE, 10)) == (2, [])


async def test_owners_hear_of_what_a_killed_process_noted(house: House) -> None:
    await forgotten(house)
    promises = await deletion_ops.open_deliveries(ALICE, 10)
    await impossible_deletions.record_impossible([(promises[0], "too_old")], house.base.clock.now())
    await deletion_ops.finish([promises[0].id], "nobody")
    await take_back(house)
    (text,) = await told(house)
    assert "no longer deletes them: 1" in text
    await take_back(house)
    assert len(await told(house)) == 1


async def test_a_short_outage_at_the_end_has_nothing_done_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await forgotten(house)
    finish, tries = deletion_ops.finish, 0

    async def away_at_first(promise_ids: list[str], owner: str) -> int:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise StoreUnavailable("gone")
        return await finish(promise_ids, owner)

    monkeypatch.setattr(deletion_ops, "finish", away_at_first)
    report = await take_back(house)
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"too_old": 1})
    assert await deletion_ops.open_deliveries(ALICE, 10) == []


async def test_a_database_that_cannot_say_what_is_untold_does_not_fail_the_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await forgotten(house)

    async def away(*_: object) -> int:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(impossible_deletions, "count_unnotified", away)
    assert (await take_back(house)).outcome is JobOutcome.SUCCEEDED
    assert await told(house) == []
