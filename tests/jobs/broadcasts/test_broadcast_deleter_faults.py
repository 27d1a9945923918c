"""Recalling broadcasts under faults: crashes, two processes, errors of Telegram, limits of a run."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.broadcasts import Broadcast, Recipient
from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome, RunReport
from database.batches import Bounds
from database.operations import broadcast_ops, broadcast_rows, lease_ops
from schedulers import create_broadcast_deleter_scheduler, registry
from schedulers.admission import by_hand
from schedulers.factory import create_scheduler
from schedulers.job_scheduler import JobScheduler
from schedulers.jobs import broadcast_closing, broadcast_deleter, broadcast_recall
from schedulers.jobs.broadcast_deleter import BroadcastDeleter
from schedulers.leases import TTL, Lease
from schedulers.runner import Run
from tests.bots.user_bot.losing_answers import losing
from tests.house import ALICE, BOB, USER_BOT, House
from tests.jobs.broadcasts.broadcasts import reread, states
from tests.jobs.broadcasts.sent_broadcasts import copies_left, create_sent, errors, set_row

pytestmark = pytest.mark.sweep

NAME = registry.BROADCAST_DELETER.name


@pytest.fixture(autouse=True)
def keep_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting rows has a test file of its own."""
    monkeypatch.setattr(broadcast_closing, "are_rows_useless", lambda *_: False)


async def recall(house: House) -> RunReport:
    deleter = create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    return await deleter.delete_expired_broadcasts()


def create_job(house: House, bounds: Bounds | None = None) -> BroadcastDeleter:
    return BroadcastDeleter(house.base.user_bot, bounds or Bounds(), house.base.settings.zone)


def create_run(house: House, owner: str = "one") -> Run:
    return Run(house.base.clock, owner)


async def status(broadcast: Broadcast) -> str:
    return (await reread(broadcast)).status.value


# crashes


async def test_after_a_kill_between_telegrams_answer_and_the_row_the_call_is_repeated(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = await create_sent(house, ALICE)
    await house.advance(minutes=61)

    async def fail(*_: Any, **__: Any) -> bool:
        raise StoreUnavailable("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(broadcast_rows, "mark_recalled", fail)
        assert (await recall(house)).outcome is JobOutcome.FAILED
    assert (await states(broadcast), await copies_left(house, ALICE)) == ({ALICE: "sent"}, [])
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await states(broadcast), await status(broadcast)) == ({ALICE: "deleted"}, "recalled")


async def test_a_copy_the_recipient_deleted_counts_as_deleted(house: House) -> None:
    broadcast = await create_sent(house, ALICE)
    await house.alice.delete(USER_BOT, await copies_left(house, ALICE))
    await house.world.fault(
        "error", method="deleteMessages", bot=USER_BOT, status=400,
        description="Bad Request: message to delete not found",
    )  # fmt: skip
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await states(broadcast) == {ALICE: "deleted"}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_after_a_lost_answer_of_telegram_the_call_is_repeated(house: House, kind: str) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault(kind, method="deleteMessages", bot=USER_BOT, times=2)
    assert (await recall(house)).counts == {"deleted": 2}
    assert await status(broadcast) == "recalled"


@pytest.mark.parametrize("undone", [False, True])
async def test_a_short_outage_of_the_database_repeats_no_call(house: House, *, undone: bool) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    with losing("update_one", "broadcast_recipients", times=2, undone=undone):
        assert (await recall(house)).counts == {"deleted": 2}
    assert await states(broadcast) == {ALICE: "deleted", BOB: "deleted"}
    assert len(await house.calls("deleteMessages")) == 2


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("step", ["recalling", "recalled"])
async def test_after_an_outage_at_a_step_of_the_recall_the_next_run_ends_it(
    house: House, step: str, *, undone: bool
) -> None:
    broadcast = await create_sent(house, ALICE)
    await house.advance(minutes=61)

    def is_step(_: Any, update: dict[str, Any], **__: Any) -> bool:
        return bool(update["$set"].get("status") == step)

    with losing("find_one_and_update", "broadcasts", when=is_step, undone=undone):
        assert (await recall(house)).outcome is JobOutcome.FAILED
    await recall(house)
    ended = await reread(broadcast)
    assert (ended.status.value, ended.delete_at, ended.counts) == ("recalled", None, {"deleted": 1})
    assert len(await house.calls("deleteMessages")) == 1


# two processes


def create_process(house: House, owner: str) -> JobScheduler:
    return create_scheduler(registry.BROADCAST_DELETER, replace(house.user_bot.jobs, owner=owner))


async def test_of_two_processes_one_recalls(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    ends = await asyncio.gather(*(create_process(house, owner).runner.run(by_hand()) for owner in ("one", "two")))
    assert sorted((end.counts for end in ends), key=len) == [{}, {"deleted": 2}]
    assert sorted(end.outcome for end in ends) == [JobOutcome.SKIPPED, JobOutcome.SUCCEEDED]
    assert len(await house.calls("deleteMessages")) == 2
    assert await status(broadcast) == "recalled"


async def test_two_runs_that_both_believe_to_hold_the_lease_do_no_harm(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await asyncio.gather(*(create_job(house)(create_run(house, owner)) for owner in ("one", "two")))
    ended = await reread(broadcast)
    assert (ended.status.value, ended.delete_at, ended.counts) == ("recalled", None, {"deleted": 2})


async def test_the_recall_of_a_killed_process_continues_when_its_lease_has_expired(house: House) -> None:
    broadcast = await create_sent(house, ALICE)
    await house.advance(minutes=61)
    process = create_process(house, "one")
    assert await lease_ops.take(NAME, "killed", house.base.clock.now(), TTL)
    report = await process.run_when_due()
    assert report is not None and report.outcome is JobOutcome.SKIPPED
    await house.advance(seconds=31)
    report = await process.run_when_due()
    assert report is not None and report.counts == {"deleted": 1}
    assert await status(broadcast) == "recalled"
    assert await lease_ops.is_free(NAME, house.base.clock.now(), TTL), "it is released"


# bounds


async def test_a_run_ends_at_its_limit_and_the_next_continues(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_deleter, "RUN_MAX", 1)
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    first = await recall(house)
    assert (first.counts, first.more) == ({"deleted": 1}, True)
    assert (await reread(broadcast)).counts == {"deleted": 1, "sent": 1}
    assert await broadcast_ops.is_any_expired(house.base.clock.now()), "it stays due"
    monkeypatch.setattr(broadcast_deleter, "RUN_MAX", 20_000)
    second = await recall(house)
    assert (second.counts, second.more) == ({"deleted": 1}, False)
    assert await status(broadcast) == "recalled"


async def test_admins_see_how_far_a_long_recall_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_recall, "BATCH", 1)
    monkeypatch.setattr(broadcast_recall, "REPORT_EVERY", 1)
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    seen: list[dict[str, int]] = []
    next_to_recall = broadcast_rows.next_to_recall

    async def note_counts(*arguments: Any, **more: Any) -> list[Recipient]:
        seen.append((await reread(broadcast)).counts)
        return await next_to_recall(*arguments, **more)

    monkeypatch.setattr(broadcast_rows, "next_to_recall", note_counts)
    await recall(house)
    assert seen == [{"sent": 2}, {"sent": 1, "deleted": 1}, {"deleted": 2}]


async def test_a_run_out_of_time_starts_no_recipient(house: House) -> None:
    broadcast = await create_sent(house, ALICE)
    await house.advance(minutes=61)
    assert await create_job(house, Bounds(timeout_s=0))(create_run(house)) == Counts({}, more=True)
    assert await states(broadcast) == {ALICE: "sent"}


@pytest.mark.parametrize("loss", ["stop", "lease"])
async def test_a_stop_and_a_lost_lease_end_the_run_after_the_step_in_progress(
    house: House, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    monkeypatch.setattr(broadcast_recall, "AT_ONCE", 1)
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    run = create_run(house)
    run.lease = Lease(NAME, run.owner, run.clock, run.now() + TTL)
    mark_recalled = broadcast_rows.mark_recalled

    async def mark_and_lose(*arguments: Any) -> bool:
        if loss == "stop":
            run.stopping.set()
        else:
            await house.advance(seconds=31)
        return await mark_recalled(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(broadcast_rows, "mark_recalled", mark_and_lose)
        assert await create_job(house)(run) == Counts({"deleted": 1}, more=True)
    assert sorted((await states(broadcast)).values()) == ["deleted", "sent"]
    assert (await create_job(house)(create_run(house, "two"))).done == {"deleted": 1}
    assert await status(broadcast) == "recalled"


# errors of Telegram


async def test_a_recipient_who_fails_does_not_hide_those_after_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_recall, "BATCH", 1)
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    report = await recall(house)
    assert (report.counts, report.more) == ({"retry": 1, "deleted": 1}, True)
    assert (await states(broadcast), await status(broadcast)) == ({ALICE: "sent", BOB: "deleted"}, "recalling")
    assert not await broadcast_ops.is_any_expired(house.base.clock.now()), "not again at once"
    await house.world.clear_faults()
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await status(broadcast) == "recalled"


async def test_a_copy_that_cannot_be_deleted_until_it_is_too_old_is_kept(house: House) -> None:
    broadcast = await create_sent(house, ALICE)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    await house.advance(hours=47, minutes=59)
    assert (await recall(house)).counts == {"retry": 1}
    await house.advance(minutes=2)
    assert (await recall(house)).counts == {"kept": 1}
    assert (await status(broadcast), await errors(broadcast)) == ("recalled", {ALICE: "too old to delete"})


async def test_after_too_many_failures_in_one_broadcast_the_next_is_recalled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_recall, "BATCH", 1)
    monkeypatch.setattr(broadcast_recall, "POSTPONED_MAX", 1)
    first, second = await create_sent(house, ALICE, BOB), await create_sent(house, BOB)
    await house.advance(minutes=61)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    assert (await recall(house)).counts == {"retry": 1, "deleted": 1}
    assert await states(first) == {ALICE: "sent", BOB: "sent"}
    assert await states(second) == {BOB: "deleted"}


async def test_a_long_429_postpones_the_recipient_to_a_later_run(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault("flood", method="deleteMessages", chat_id=ALICE, retry_after=900)
    before = house.base.clock.now()
    report = await recall(house)
    assert (report.counts, report.more) == ({"retry": 1, "deleted": 1}, True)
    assert await states(broadcast) == {ALICE: "sent", BOB: "deleted"}
    again = (await reread(broadcast)).delete_at
    assert again is not None
    assert again >= before + timedelta(seconds=30)
    await house.advance(minutes=16)
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await house.world.counters())["ignored_429"] == 0


@pytest.mark.parametrize(("works", "end"), [(True, "deleted"), (False, "kept")])
async def test_a_recipient_who_blocked_the_bot_is_counted_as_telegram_answers(
    house: House, *, works: bool, end: str
) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.world.configure(delete_when_blocked=works)
    await house.alice.block(USER_BOT)
    await house.advance(minutes=61)
    await recall(house)
    assert await states(broadcast) == {ALICE: end, BOB: "deleted"}
    assert ("blocked" in ((await errors(broadcast))[ALICE] or "")) is not works
    assert await status(broadcast) == "recalled"


async def test_a_deleted_account_is_counted_as_kept(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await house.alice.deactivate()
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"kept": 1, "deleted": 1}
    assert "deactivated" in ((await errors(broadcast))[ALICE] or "")
    assert await status(broadcast) == "recalled"


async def test_of_an_album_deletable_parts_are_deleted_and_the_rest_reported(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB, items=3)
    ids = await copies_left(house, ALICE)
    # older than its row says, so that the whole call is refused (BOTAPI §2.6)
    house.sandbox.world.dialogs[1002, ALICE].messages[ids[1]].date -= 48 * 3600
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"kept": 1, "deleted": 1}
    assert (await copies_left(house, ALICE), await copies_left(house, BOB)) == ([ids[1]], [])
    assert (await errors(broadcast))[ALICE] == "Telegram refuses to delete 1 of 3"


async def test_an_album_interrupted_by_a_fault_is_finished_by_the_next_run(house: House) -> None:
    broadcast = await create_sent(house, ALICE, items=4)
    ids = await copies_left(house, ALICE)
    house.sandbox.world.dialogs[1002, ALICE].messages[ids[0]].date -= 48 * 3600
    await house.advance(minutes=61)
    # after the refused call and its first half nothing works any more
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, skip=2, times=None)
    assert (await recall(house)).counts == {"retry": 1}
    await house.world.clear_faults()
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"kept": 1}
    assert await copies_left(house, ALICE) == [ids[0]]
    assert (await errors(broadcast))[ALICE] == "Telegram refuses to delete 1 of 4"


async def test_a_row_without_ids_is_kept_without_a_call(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await set_row(broadcast, ALICE, message_ids=[])
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"kept": 1, "deleted": 1}
    assert (await errors(broadcast))[ALICE] == "no ids"
    assert len(await house.calls("deleteMessages")) == 1


async def test_a_requested_recall_is_retried_when_telegram_fails(house: House) -> None:
    broadcast = await create_sent(house, ALICE, lifetime=0)
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    assert (await recall(house)).counts == {"retry": 1}
    await house.world.clear_faults()
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await status(broadcast) == "recalled"
