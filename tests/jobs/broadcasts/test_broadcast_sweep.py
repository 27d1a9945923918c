"""Of a broadcast whose answer was lost nothing stays after its time; nothing is deleted by another bot's ids."""

from datetime import timedelta
from typing import Any

import pytest

from core.broadcasts import Broadcast, BroadcastStatus, RecipientState
from core.jobs import RunReport
from database.connection import current_database
from database.operations import broadcast_ops, broadcast_rows
from schedulers import create_broadcast_deleter_scheduler
from schedulers.jobs import broadcast_closing, broadcast_sending
from schedulers.jobs.sweep import LostAnswers
from sender.message_ids import message_ids_of
from tests.house import ALICE, BOB, USER_BOT, House
from tests.jobs.broadcasts.broadcasts import (
    add_subscribers,
    copies,
    queue,
    queue_and_send,
    reread,
    rows_of,
    send,
    states,
)
from tests.jobs.broadcasts.sent_broadcasts import (
    copies_left,
    create_sent,
    deliver,
    errors,
    finish,
    open_bot,
    set_row,
    start_sending,
)

OLD_BOT = 555


@pytest.fixture(autouse=True)
def keep_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting rows has a test file of its own."""
    monkeypatch.setattr(broadcast_closing, "are_rows_useless", lambda *_: False)


async def recall(house: House) -> RunReport:
    deleter = create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    return await deleter.delete_expired_broadcasts()


async def row_of(broadcast: Broadcast, user_id: int) -> dict[str, Any]:
    (row,) = [row for row in await rows_of(broadcast) if row["user_id"] == user_id]
    return row


async def lose(house: House, user_id: int, times: int = 1) -> None:
    """Let Telegram send the copy, and its answer be lost."""
    await house.world.fault("drop_after", method="copyMessage", bot=USER_BOT, chat_id=user_id, times=times)


async def with_lost_answer(house: House, *, lifetime: int = 60, **bounds: Any) -> Broadcast:
    """A broadcast to Alice and Bob that is over; the answer for Alice was lost."""
    await open_bot(house, ALICE, BOB)
    before = (await house.base.user_bot.send_message(BOB, "before")).message_id
    now = house.base.clock.now()
    broadcast = await start_sending(now, lifetime=lifetime, send_to=[ALICE, BOB])
    await house.base.user_bot.send_message(ALICE, "News!")
    lost = {"state": "unknown", "bot_id": 1002, "sweep_after": before, "sent_at": now, "owner": "sender"}
    await set_row(broadcast, ALICE, **(lost | bounds))
    message_ids_of(house.base.user_bot)._seen.clear()
    await deliver(house, broadcast, BOB)
    await finish(broadcast, house.base.clock.now())
    return broadcast


# sending


async def test_a_row_holds_the_bot_and_the_newest_id_when_it_was_claimed(house: House) -> None:
    await open_bot(house, ALICE)
    newest = message_ids_of(house.base.user_bot).newest
    before = house.base.clock.now()
    broadcast = await queue_and_send(house)
    row = await row_of(broadcast, ALICE)
    assert (row["state"], row["bot_id"], row["sweep_after"]) == ("sent", 1002, newest)
    assert row["sent_at"] >= before


async def test_a_lost_answer_is_bounded_by_the_next_copy_and_swept_at_its_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "IN_FLIGHT_S", 0)
    people = await add_subscribers(house, 30)
    await lose(house, people[0])
    broadcast = await queue_and_send(house, lifetime_minutes=60)
    row = await row_of(broadcast, people[0])
    assert (row["state"], await copies(house, people[0])) == ("unknown", 1)
    assert row["sweep_after"] < row["sweep_before"]
    assert (row["sweep_before"],) in {tuple(other["message_ids"]) for other in await rows_of(broadcast)}
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 29, "swept": 1}
    assert [await copies(house, user_id) for user_id in people] == [0] * 30
    assert (await reread(broadcast)).counts == {"deleted": 29, "swept": 1}


async def test_the_last_answer_lost_is_swept_too(house: House) -> None:
    await open_bot(house, ALICE)
    await lose(house, ALICE)
    broadcast = await queue_and_send(house, lifetime_minutes=60)
    assert (await row_of(broadcast, ALICE))["sweep_before"] is None
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"swept": 1}
    assert await copies(house, ALICE) == 0


async def test_only_a_call_that_began_after_the_loss_bounds_it(house: House) -> None:
    await open_bot(house, ALICE, BOB)
    broadcast = await start_sending(house.base.clock.now(), send_to=[ALICE, BOB])
    await broadcast_rows.claim(broadcast.id, [ALICE, BOB], "me")
    answers = LostAnswers(broadcast.id, "me")
    began_before = answers.without_bound()
    await broadcast_rows.mark_not_sent(broadcast.id, ALICE, "me", RecipientState.UNKNOWN, "lost")
    answers.add(ALICE)
    await answers.bound(began_before, 50)
    assert (await row_of(broadcast, ALICE))["sweep_before"] is None
    await answers.bound(answers.without_bound(), 60)
    await answers.bound(answers.without_bound(), 70)
    assert (await row_of(broadcast, ALICE))["sweep_before"] == 60


async def test_answers_lost_by_a_killed_process_are_bounded_by_the_next_runs_first_copy(house: House) -> None:
    await open_bot(house, ALICE, BOB)
    broadcast = await queue(house)
    assert await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_rows.add_recipients(broadcast.id, [ALICE])
    await broadcast_rows.claim(broadcast.id, [ALICE], "killed", bot_id=1002, sweep_after=1, at=broadcast.created_at)
    await send(house)
    lost, sent = await row_of(broadcast, ALICE), await row_of(broadcast, BOB)
    assert (lost["state"], sent["state"]) == ("unknown", "sent")
    assert [lost["sweep_before"]] == sent["message_ids"]


# the end of its time, or a recall


async def test_an_unknown_copy_is_swept_when_the_lifetime_is_over_and_not_before(house: House) -> None:
    broadcast = await with_lost_answer(house)
    await house.advance(minutes=59)
    assert (await recall(house)).counts == {}
    assert len(await copies_left(house, ALICE)) == 1
    await house.advance(minutes=2)
    assert (await recall(house)).counts == {"deleted": 1, "swept": 1}
    assert await copies_left(house, ALICE) == []
    ended = await reread(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.RECALLED, {"deleted": 1, "swept": 1})


async def test_an_unknown_copy_is_swept_by_a_requested_recall_and_stays_without_one(house: House) -> None:
    broadcast = await with_lost_answer(house, lifetime=0)
    await house.advance(hours=3)
    assert (await recall(house)).counts == {}
    assert await states(broadcast) == {ALICE: "unknown", BOB: "sent"}
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
    assert (await recall(house)).counts == {"deleted": 1, "swept": 1}
    assert await copies_left(house, ALICE) == []


async def test_a_sweep_that_telegram_did_not_answer_is_repeated(house: House) -> None:
    broadcast = await with_lost_answer(house)
    await house.advance(minutes=61)
    await house.world.fault("html", method="deleteMessages", bot=USER_BOT, chat_id=ALICE, status=502, times=None)
    assert (await recall(house)).counts == {"deleted": 1, "retry": 1}
    assert (await reread(broadcast)).status is BroadcastStatus.RECALLING
    await house.world.clear_faults()
    await house.advance(seconds=31)
    assert (await recall(house)).counts == {"swept": 1}
    assert (await reread(broadcast)).status is BroadcastStatus.RECALLED


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        ({"bot_id": OLD_BOT}, "sent by another bot"),
        ({"sweep_before": 10_000}, "ids were not looked at"),
        ({"sent_at": timedelta(hours=-48)}, "too old to delete"),
    ],
)
async def test_what_cannot_be_swept_stays_unknown_with_a_reason_and_ends_the_recall(
    house: House, bounds: dict[str, Any], error: str
) -> None:
    if "sent_at" in bounds:
        bounds = {"sent_at": house.base.clock.now() + bounds["sent_at"]}
    broadcast = await with_lost_answer(house, **bounds)
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 1, "unknown": 1}
    assert error in str((await errors(broadcast))[ALICE])
    ended = await reread(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.RECALLED, {"deleted": 1, "unknown": 1})


async def test_an_unknown_row_of_an_older_version_stays_as_it_is(house: House) -> None:
    broadcast = await with_lost_answer(house, sweep_after=None)
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 1}
    assert (await reread(broadcast)).counts == {"deleted": 1, "unknown": 1}


async def test_a_result_that_comes_after_the_sweep_still_counts(house: House) -> None:
    broadcast = await with_lost_answer(house)
    await house.advance(minutes=61)
    await recall(house)
    now = house.base.clock.now()
    assert await broadcast_rows.mark_sent(broadcast.id, ALICE, "sender", [77], now)
    assert (await states(broadcast))[ALICE] == "sent"


# another bot


async def test_copies_sent_by_another_bot_are_kept_without_a_call_and_counted(house: House) -> None:
    broadcast = await create_sent(house, ALICE, BOB)
    await set_row(broadcast, ALICE, bot_id=OLD_BOT)
    await set_row(broadcast, BOB, bot_id=1002)
    await house.advance(minutes=61)
    before = len(await house.calls("deleteMessages"))
    assert (await recall(house)).counts == {"deleted": 1, "kept": 1}
    assert len(await house.calls("deleteMessages")) == before + 1
    assert (await errors(broadcast))[ALICE] == "sent by another bot"
    assert (len(await copies_left(house, ALICE)), await copies_left(house, BOB)) == (1, [])
    assert (await reread(broadcast)).counts == {"deleted": 1, "kept": 1}


async def test_a_row_without_a_bot_is_ours(house: House) -> None:
    broadcast = await create_sent(house, ALICE)
    row = await row_of(broadcast, ALICE)
    fields = {"bot_id": 1, "sweep_after": 1, "sweep_before": 1}
    await current_database().collection("broadcast_recipients").update_one({"_id": row["_id"]}, {"$unset": fields})
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"deleted": 1}
