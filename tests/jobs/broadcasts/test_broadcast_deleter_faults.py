"""Taking broadcasts back while things go wrong: crashes, two processes, Telegram refusing, bounds."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.broadcasts import Broadcast, Recipient
from core.errors import StoreUnavailable
from core.jobs import Counts, JobOutcome, RunReport
from database.batches import Bounds
from database.operations import broadcast_ops, broadcast_rows, lease_ops
from schedulers import create_broadcast_deleter_scheduler
from schedulers.jobs import broadcast_closing, broadcast_deleter
from schedulers.jobs import broadcast_recall as recalling
from schedulers.jobs.broadcast_deleter import BroadcastDeleter
from schedulers.leases import TTL, Lease
from schedulers.runner import Run, Runner
from tests.bots.user_bot.losing_answers import losing
from tests.house import ALICE, BOB, USER_BOT, House
from tests.jobs.broadcasts.sent_broadcasts import as_it_is, errors, sent, set_row, states


@pytest.fixture(autouse=True)
def _rows_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """How rows go has a file of its own."""
    monkeypatch.setattr(broadcast_closing, "is_done_with", lambda *_: False)


async def recall(house: House) -> RunReport:
    deleter = create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    return await deleter.delete_expired_broadcasts()


def a_deleter(house: House, bounds: Bounds | None = None) -> BroadcastDeleter:
    return BroadcastDeleter(house.base.user_bot, bounds or Bounds(), house.user_bot.zone, sleep=house.base.sleep)


def a_run(house: House, owner: str = "one") -> Run:
    return Run(house.base.clock, owner)


async def status(broadcast: Broadcast) -> str:
    return (await as_it_is(broadcast)).status.value


async def alive(house: House, reader: int) -> list[int]:
    """The broadcast's messages that still stand with a reader."""
    transcript = await house.world.person(reader).transcript(USER_BOT)
    return [m["message_id"] for m in transcript["messages"] if m.get("text") == "News!" and m["deleted_at"] is None]


# crashes


async def test_killed_between_telegrams_answer_and_the_row_it_is_asked_again_and_counts_as_deleted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = await sent(house, ALICE)
    await house.advance(minutes=61)

    async def killed(*_: Any, **__: Any) -> bool:
        raise StoreUnavailable("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(broadcast_rows, "mark_recalled", killed)
        assert (await recall(house)).outcome is JobOutcome.FAILED
    assert (await states(broadcast), await alive(house, ALICE)) == ({ALICE: "sent"}, [])
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await states(broadcast), await status(broadcast)) == ({ALICE: "deleted"}, "recalled")


async def test_a_message_the_reader_deleted_counts_as_deleted(house: House) -> None:
    broadcast = await sent(house, ALICE)
    await house.alice.delete(USER_BOT, await alive(house, ALICE))
    await house.world.fault(
        "error", method="deleteMessages", bot=USER_BOT, status=400,
        description="Bad Request: message to delete not found",
    )  # fmt: skip
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await states(broadcast) == {ALICE: "deleted"}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_a_lost_answer_of_telegram_is_asked_for_again(house: House, kind: str) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault(kind, method="deleteMessages", bot=USER_BOT, times=2)
    assert (await recall(house)).counts == {"deleted": 2}
    assert await status(broadcast) == "recalled"


@pytest.mark.parametrize("undone", [False, True])
async def test_a_short_outage_of_the_database_costs_nothing(house: House, *, undone: bool) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    with losing("update_one", "broadcast_recipients", times=2, undone=undone):
        assert (await recall(house)).counts == {"deleted": 2}
    assert await states(broadcast) == {ALICE: "deleted", BOB: "deleted"}
    assert len(await house.calls("deleteMessages")) == 2


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("step", ["recalling", "recalled"])
async def test_an_outage_at_a_step_of_the_broadcast_is_made_up_for(house: House, step: str, *, undone: bool) -> None:
    broadcast = await sent(house, ALICE)
    await house.advance(minutes=61)

    def is_step(_: Any, update: dict[str, Any], **__: Any) -> bool:
        return bool(update["$set"].get("status") == step)

    with losing("find_one_and_update", "broadcasts", when=is_step, undone=undone):
        assert (await recall(house)).outcome is JobOutcome.FAILED
    await recall(house)
    ended = await as_it_is(broadcast)
    assert (ended.status.value, ended.delete_at, ended.counts) == ("recalled", None, {"deleted": 1})
    assert len(await house.calls("deleteMessages")) == 1


# two processes


def a_process(house: House, owner: str) -> Runner:
    return Runner(house.base.clock, owner, sleep=house.base.sleep)


async def test_of_two_processes_one_recalls(house: House) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    job = a_deleter(house)
    ends = await asyncio.gather(*(a_process(house, owner).run(job, None) for owner in ("one", "two")))
    assert sorted((end.counts for end in ends), key=len) == [{}, {"deleted": 2}]
    assert sorted(end.outcome for end in ends) == [JobOutcome.SKIPPED, JobOutcome.SUCCEEDED]
    assert len(await house.calls("deleteMessages")) == 2
    assert await status(broadcast) == "recalled"


async def test_two_that_both_believe_it_is_theirs_do_no_harm(house: House) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await asyncio.gather(*(a_deleter(house)(a_run(house, owner)) for owner in ("one", "two")))
    ended = await as_it_is(broadcast)
    assert (ended.status.value, ended.delete_at, ended.counts) == ("recalled", None, {"deleted": 2})


async def test_the_lease_of_a_killed_process_is_waited_out_and_taken(house: House) -> None:
    broadcast = await sent(house, ALICE)
    await house.advance(minutes=61)
    now, process = house.base.clock.now(), a_process(house, "one")
    assert await lease_ops.take(broadcast_deleter.NAME, "killed", now, TTL)
    assert not await broadcast_deleter.has_work(now)
    assert (await process.run(a_deleter(house), None)).outcome is JobOutcome.SKIPPED
    await house.advance(seconds=31)
    assert await broadcast_deleter.has_work(house.base.clock.now())
    assert (await process.run(a_deleter(house), None)).counts == {"deleted": 1}
    assert await status(broadcast) == "recalled"
    assert await lease_ops.is_free(broadcast_deleter.NAME, house.base.clock.now(), TTL), "it is given back"


# bounds


async def test_a_run_ends_at_its_bound_and_the_next_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_deleter, "RUN_MAX", 1)
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    first = await recall(house)
    assert (first.counts, first.more) == ({"deleted": 1}, True)
    assert (await as_it_is(broadcast)).counts == {"deleted": 1, "sent": 1}
    assert await broadcast_deleter.has_work(house.base.clock.now()), "it stays due"
    monkeypatch.setattr(broadcast_deleter, "RUN_MAX", 20_000)
    second = await recall(house)
    assert (second.counts, second.more) == ({"deleted": 1}, False)
    assert await status(broadcast) == "recalled"


async def test_admins_see_how_far_a_long_recall_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalling, "BATCH", 1)
    monkeypatch.setattr(recalling, "TELL_EVERY", 1)
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    seen: list[dict[str, int]] = []
    next_to_recall = broadcast_rows.next_to_recall

    async def look(*arguments: Any, **more: Any) -> list[Recipient]:
        seen.append((await as_it_is(broadcast)).counts)
        return await next_to_recall(*arguments, **more)

    monkeypatch.setattr(broadcast_rows, "next_to_recall", look)
    await recall(house)
    assert seen == [{"sent": 2}, {"sent": 1, "deleted": 1}, {"deleted": 2}]


async def test_nothing_is_begun_after_the_time_of_a_run(house: House) -> None:
    broadcast = await sent(house, ALICE)
    await house.advance(minutes=61)
    assert await a_deleter(house, Bounds(timeout_s=0))(a_run(house)) == Counts({}, more=True)
    assert await states(broadcast) == {ALICE: "sent"}


@pytest.mark.parametrize("loss", ["stop", "lease"])
async def test_a_stop_and_a_lost_lease_end_the_run_after_the_step_at_hand(
    house: House, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    monkeypatch.setattr(recalling, "AT_ONCE", 1)
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    run = a_run(house)
    run.lease = Lease(broadcast_deleter.NAME, run.owner, run.clock, run.now() + TTL)
    update_key = broadcast_rows.mark_recalled

    async def mark_and_lose(*arguments: Any) -> bool:
        if loss == "stop":
            run.stopping.set()
        else:
            await house.advance(seconds=31)
        return await update_key(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(broadcast_rows, "mark_recalled", mark_and_lose)
        assert await a_deleter(house)(run) == Counts({"deleted": 1}, more=True)
    assert sorted((await states(broadcast)).values()) == ["deleted", "sent"]
    assert (await a_deleter(house)(a_run(house, "two"))).done == {"deleted": 1}
    assert await status(broadcast) == "recalled"


# Telegram does not do it


async def test_recipients_who_fail_do_not_hide_those_behind_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalling, "BATCH", 1)
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    report = await recall(house)
    assert (report.counts, report.more) == ({"retry": 1, "deleted": 1}, True)
    assert (await states(broadcast), await status(broadcast)) == ({ALICE: "sent", BOB: "deleted"}, "recalling")
    assert not await broadcast_deleter.has_work(house.base.clock.now()), "not again at once"
    await house.world.clear_faults()
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await status(broadcast) == "recalled"


async def test_who_fails_until_it_is_too_old_is_kept_in_the_end(house: House) -> None:
    broadcast = await sent(house, ALICE)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    await house.advance(hours=47, minutes=59)
    assert (await recall(house)).counts == {"retry": 1}
    await house.advance(minutes=2)
    assert (await recall(house)).counts == {"kept": 1}
    assert (await status(broadcast), await errors(broadcast)) == ("recalled", {ALICE: "too old to delete"})


async def test_after_too_many_failures_in_one_broadcast_the_next_has_its_turn(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalling, "BATCH", 1)
    monkeypatch.setattr(recalling, "PUT_OFF_MAX", 1)
    first, second = await sent(house, ALICE, BOB), await sent(house, BOB)
    await house.advance(minutes=61)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    assert (await recall(house)).counts == {"retry": 1, "deleted": 1}
    assert await states(first) == {ALICE: "sent", BOB: "sent"}
    assert await states(second) == {BOB: "deleted"}


async def test_a_429_beyond_patience_is_for_the_next_run(house: House) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault("flood", method="deleteMessages", chat_id=ALICE, retry_after=900)
    before = house.base.clock.now()
    report = await recall(house)
    assert (report.counts, report.more) == ({"retry": 1, "deleted": 1}, True)
    assert await states(broadcast) == {ALICE: "sent", BOB: "deleted"}
    again = (await as_it_is(broadcast)).delete_at
    assert again is not None
    assert again >= before + timedelta(seconds=30)
    await house.advance(minutes=16)
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await house.world.counters())["ignored_429"] == 0


@pytest.mark.parametrize(("works", "end"), [(True, "deleted"), (False, "kept")])
async def test_a_reader_who_blocked_the_bot_ends_as_telegram_says(house: House, *, works: bool, end: str) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await house.world.configure(delete_when_blocked=works)
    await house.alice.block(USER_BOT)
    await house.advance(minutes=61)
    await recall(house)
    assert await states(broadcast) == {ALICE: end, BOB: "deleted"}
    assert ("blocked" in ((await errors(broadcast))[ALICE] or "")) is not works
    assert await status(broadcast) == "recalled"


async def test_a_reader_whose_account_is_gone_keeps_it(house: House) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await house.alice.deactivate()
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"kept": 1, "deleted": 1}
    assert "deactivated" in ((await errors(broadcast))[ALICE] or "")
    assert await status(broadcast) == "recalled"


async def test_of_an_album_what_telegram_deletes_goes_and_the_rest_is_counted(house: House) -> None:
    broadcast = await sent(house, ALICE, BOB, items=3)
    ids = await alive(house, ALICE)
    # older than its row says, so that the whole call is refused (BOTAPI §2.6)
    house.sandbox.world.dialogs[1002, ALICE].messages[ids[1]].date -= 48 * 3600
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"kept": 1, "deleted": 1}
    assert (await alive(house, ALICE), await alive(house, BOB)) == ([ids[1]], [])
    assert (await errors(broadcast))[ALICE] == "Telegram refuses to delete 1 of 3"


async def test_an_album_cut_short_by_a_fault_is_finished_next_time(house: House) -> None:
    broadcast = await sent(house, ALICE, items=4)
    ids = await alive(house, ALICE)
    house.sandbox.world.dialogs[1002, ALICE].messages[ids[0]].date -= 48 * 3600
    await house.advance(minutes=61)
    # after the refused call and its first half nothing works any more
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, skip=2, times=None)
    assert (await recall(house)).counts == {"retry": 1}
    await house.world.clear_faults()
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"kept": 1}
    assert await alive(house, ALICE) == [ids[0]]
    assert (await errors(broadcast))[ALICE] == "Telegram refuses to delete 1 of 4"


async def test_a_row_without_ids_is_kept_without_a_call(house: House) -> None:
    broadcast = await sent(house, ALICE, BOB)
    await set_row(broadcast, ALICE, message_ids=[])
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"kept": 1, "deleted": 1}
    assert (await errors(broadcast))[ALICE] == "no ids"
    assert len(await house.calls("deleteMessages")) == 1


async def test_a_wish_is_kept_also_when_telegram_fails(house: House) -> None:
    broadcast = await sent(house, ALICE, lifetime=0)
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    assert (await recall(house)).counts == {"retry": 1}
    await house.world.clear_faults()
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"deleted": 1}
    assert await status(broadcast) == "recalled"
