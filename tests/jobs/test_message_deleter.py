"""Deliveries are taken back in time, and a promise ends only in a terminal state."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot

from core.delivery import PendingDeletion
from core.jobs import JobOutcome, RunReport
from core.posts import Post
from database.operations import deletion_ops, settings_ops
from schedulers import create_message_deleter_scheduler
from schedulers.jobs import message_deleter
from sender.lanes import Lane, current_lane
from tests.house import ALICE, STORAGE, USER_BOT, House

OWNER_BOT = "house_admin_bot"


async def delivered(house: House, items: int = 1, **more: Any) -> Post:
    post = await house.store(items, **more)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="will be deleted")
    await house.settle()
    return post


async def take_back(house: House) -> RunReport:
    """One run by hand of the deleter the seed names."""
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def open_promises() -> list[PendingDeletion]:
    return await deletion_ops.open_deliveries(ALICE, 100)


async def alive(house: House) -> list[dict[str, Any]]:
    transcript = await house.alice.transcript(USER_BOT)
    return [m for m in transcript["messages"] if m["outgoing"] and m["deleted_at"] is None]


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [message.get("text", message.get("caption", "")) for message in messages]


async def test_nothing_is_touched_before_its_time(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=29)
    report = await take_back(house)
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {})
    assert len(await open_promises()) == 1


async def test_a_due_delivery_vanishes_and_its_warning_becomes_a_button(house: House) -> None:
    post = await delivered(house, items=3)
    await house.advance(minutes=31)
    report = await take_back(house)
    assert report.counts == {"deleted": 1}
    assert await open_promises() == []
    (notice,) = await alive(house)
    assert notice["text"] == "The post was deleted, as announced."
    await house.alice.press(USER_BOT, "Get it again")
    await house.alice.wait(USER_BOT, contains="30 minutes")
    assert len([m for m in await alive(house) if m.get("photo")]) == 3
    assert post.code in str(notice["reply_markup"])


async def test_taking_back_takes_two_calls_a_delivery(house: House) -> None:
    await delivered(house, items=10)
    await house.advance(minutes=31)
    before = len(await house.calls())
    await take_back(house)
    assert [call["method"] for call in (await house.calls())[before:]] == ["deleteMessages", "editMessageText"]


async def test_a_promise_without_a_notice_gets_one_sent(house: House) -> None:
    post = await delivered(house)
    (promise,) = await open_promises()
    again = await deletion_ops.promise(promise.bot_id, ALICE, ALICE, post.code, promise.sent_at, promise.delete_at)
    await deletion_ops.record_messages(again, promise.message_ids)
    await deletion_ops.finish([promise.id], "nobody")
    await house.advance(minutes=31)
    report = await take_back(house)
    assert report.counts["deleted"] == 2
    assert texts(await alive(house)).count("The post was deleted, as announced.") == 2


async def test_a_message_the_reader_deleted_counts_as_deleted(house: House) -> None:
    await delivered(house)
    (promise,) = await open_promises()
    assert promise.notice_message_id is not None
    await house.alice.delete(USER_BOT, [*promise.message_ids, promise.notice_message_id])
    await house.advance(minutes=31)
    report = await take_back(house)
    assert report.counts == {"deleted": 1}
    assert await alive(house) == []


@pytest.mark.parametrize("kind", ["html", "drop_after", "drop_before"])
@pytest.mark.parametrize("method", ["deleteMessages", "editMessageText"])
async def test_a_lost_answer_is_asked_again_and_nothing_is_doubled(house: House, kind: str, method: str) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault(kind, method=method, bot=USER_BOT, times=2, **({"status": 502} if kind == "html" else {}))
    report = await take_back(house)
    assert report.counts == {"deleted": 1}
    assert texts(await alive(house)) == ["The post was deleted, as announced."]


@pytest.mark.parametrize("method", ["deleteMessages", "editMessageText"])
async def test_a_telegram_that_stays_away_puts_the_promise_off(house: House, method: str) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault("html", method=method, bot=USER_BOT, status=502, times=None)
    report = await take_back(house)
    assert report.counts == {"retry": 1}
    (promise,) = await open_promises()
    assert promise.attempts == 1
    assert promise.claimed_by is None
    assert promise.last_error is not None
    assert "ambiguous" in promise.last_error
    await house.world.clear_faults()
    assert (await take_back(house)).counts == {}, "it must not be tried again before its pause is over"
    await house.advance(minutes=1)
    assert (await take_back(house)).counts == {"deleted": 1}
    assert texts(await alive(house)) == ["The post was deleted, as announced."]


async def test_a_long_429_is_obeyed_by_the_promise_not_by_waiting(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault("flood", method="deleteMessages", bot=USER_BOT, retry_after=900)
    now = house.base.clock.now()
    report = await take_back(house)
    assert report.counts == {"retry": 1}
    (promise,) = await open_promises()
    assert promise.not_before is not None
    assert promise.not_before - now >= timedelta(seconds=899)


async def test_a_short_429_is_waited_out(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault("flood", method="deleteMessages", bot=USER_BOT, retry_after=3)
    assert (await take_back(house)).counts == {"deleted": 1}
    assert (await house.world.counters())["ignored_429"] == 0


async def test_a_reader_who_blocked_the_bot_loses_the_delivery_all_the_same(house: House) -> None:
    await delivered(house)
    await house.alice.block(USER_BOT)
    await house.advance(minutes=31)
    report = await take_back(house)
    assert report.counts == {"deleted": 1}
    assert [m for m in await alive(house) if m.get("photo")] == []


async def test_a_refusal_because_of_a_block_is_kept_until_it_is_too_old(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault(
        "error", method="deleteMessages", bot=USER_BOT, times=None, status=403,
        description="Forbidden: bot was blocked by the user",
    )  # fmt: skip
    assert (await take_back(house)).counts == {"retry": 1}
    assert len(await open_promises()) == 1
    await house.advance(hours=48)
    assert (await take_back(house)).counts == {"too_old": 1}
    assert await open_promises() == []


async def test_a_deleted_account_ends_the_promise_and_is_counted(house: House) -> None:
    await delivered(house)
    await house.alice.deactivate()
    await house.advance(minutes=31)
    report = await take_back(house)
    assert report.counts == {"reader_gone": 1}
    assert await open_promises() == []


async def test_after_a_long_stop_old_messages_are_counted_told_and_never_asked_for(house: House) -> None:
    await delivered(house)
    await house.advance(hours=48, seconds=1)
    before = len(await house.calls("deleteMessages"))
    report = await take_back(house)
    assert report.counts == {"too_old": 1}
    assert len(await house.calls("deleteMessages")) == before
    assert await open_promises() == []
    assert "does not let me remove" in texts(await alive(house))[-1]
    told = await house.olive.transcript(OWNER_BOT)
    assert "could not be taken back" in told["messages"][-1]["text"]


async def test_one_undeletable_message_does_not_save_the_others(house: House) -> None:
    await delivered(house, items=5)
    (promise,) = await open_promises()
    third = promise.message_ids[2]
    # the third message is older than the promise says, so that the whole call is refused (BOTAPI §2.6)
    house.sandbox.world.dialogs[1002, ALICE].messages[third].date -= 48 * 3600
    await house.advance(minutes=31)
    report = await take_back(house)
    assert report.counts == {"too_old": 1}
    assert [m["message_id"] for m in await alive(house) if m.get("photo")] == [third]


async def test_a_delivery_whose_ids_were_lost_is_counted_and_told(house: House) -> None:
    post = await house.store()
    await house.world.fault("drop_after", method="copyMessages", bot=USER_BOT)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="did not confirm")
    await house.settle()
    await house.advance(minutes=31)
    assert (await take_back(house)).counts == {"retry": 1}, "the ids may still come"
    await house.advance(minutes=15)
    report = await take_back(house)
    assert report.counts == {"unknown": 1}
    assert await open_promises() == []
    told = await house.olive.transcript(OWNER_BOT)
    assert "never came, so its messages are unknown: 1" in told["messages"][-1]["text"]


async def test_a_delivery_that_waited_past_its_time_is_taken_back_all_the_same(house: House) -> None:
    await settings_ops.change("delete_after_minutes", 1)
    post = await house.store()
    deliverer = house.user_bot.dispatcher["deliverer"]
    copy = deliverer._copy

    async def copy_late(*arguments: Any) -> Any:
        await house.advance(minutes=3)
        assert (await take_back(house)).counts == {"retry": 1}
        return await copy(*arguments)

    deliverer._copy = copy_late
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="1 minute")
    await house.settle()
    (promise,) = await open_promises()
    assert promise.delete_at > house.base.clock.now()
    await house.advance(minutes=16)
    assert (await take_back(house)).counts == {"deleted": 1}


async def test_a_promise_given_up_too_early_is_made_again_with_the_ids(house: House) -> None:
    post = await house.store()
    deliverer = house.user_bot.dispatcher["deliverer"]
    copy = deliverer._copy

    async def copy_and_lose_the_promise(*arguments: Any) -> Any:
        sent = await copy(*arguments)
        (promise,) = await open_promises()
        await deletion_ops.withdraw(promise.id)
        return sent

    deliverer._copy = copy_and_lose_the_promise
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 minutes")
    await house.settle()
    (promise,) = await open_promises()
    assert len(promise.message_ids) == 1
    assert promise.notice_message_id is not None


async def test_two_deleters_at_once_take_each_delivery_back_once(house: House) -> None:
    for _ in range(3):
        await delivered(house)
        await house.advance(seconds=5)
    await house.advance(minutes=31)
    one = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    two = create_message_deleter_scheduler(house.base.user_bot)
    two.scheduled._runner._given_owner = "another process"
    reports = await asyncio.gather(one.delete_due_messages(), two.delete_due_messages())
    assert sum(report.counts.get("deleted", 0) for report in reports) == 3
    assert len(await house.calls("deleteMessages")) == 3


async def test_the_skip_of_half_an_hour_takes_back_by_itself(ticking_house: House) -> None:
    house = ticking_house
    await delivered(house)
    await house.advance(minutes=30)
    await house.alice.wait(USER_BOT, contains="deleted, as announced")
    run = await house.ended_run("message_deleter", deleted=1)
    assert run.outcome is JobOutcome.SUCCEEDED


async def test_storage_is_never_touched(house: House) -> None:
    await delivered(house, items=2)
    await house.advance(minutes=31)
    await take_back(house)
    stored = [m for m in await house.world.chat_messages(STORAGE) if m.get("photo")]
    assert [m["deleted_at"] for m in stored] == [None, None]


async def test_what_stays_is_told_in_full_once_an_hour_at_most(house: House) -> None:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    for _ in range(3):
        await delivered(house)
        await house.advance(hours=49)
        await deleter.delete_due_messages()
    told = await house.olive.transcript(OWNER_BOT)
    texts_told = [m["text"] for m in told["messages"] if "could not be taken back" in m.get("text", "")]
    assert len(texts_told) == 3, "more than an hour lies between them"
    for _ in range(2):
        await delivered(house)
        await house.advance(seconds=5)
    for promise in await open_promises():
        await deletion_ops.record_messages(promise.id, [])
    await house.advance(minutes=46)
    await deleter.delete_due_messages()
    told = await house.olive.transcript(OWNER_BOT)
    assert len([m for m in told["messages"] if "taken back" in m.get("text", "")]) == 3
    await house.advance(minutes=31)
    await deleter.delete_due_messages()
    told = await house.olive.transcript(OWNER_BOT)
    assert "unknown: 2" in told["messages"][-1]["text"]


async def test_owners_who_could_not_be_told_are_told_later(house: House) -> None:
    await delivered(house)
    await house.advance(hours=49)
    await house.world.fault("html", method="sendMessage", bot=OWNER_BOT, status=502, times=1)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()
    await deleter.delete_due_messages()
    told = await house.olive.transcript(OWNER_BOT)
    assert "no longer deletes them: 1" in told["messages"][-1]["text"]


async def test_another_bots_promises_are_left_to_it(house: House) -> None:
    now = house.base.clock.now()
    kept = await deletion_ops.promise(777, ALICE, ALICE, "x" * 16, now - timedelta(hours=1), now)
    await deletion_ops.record_messages(kept, [1])
    assert (await take_back(house)).counts == {}
    assert [promise.id for promise in await open_promises()] == [kept]


async def test_a_second_run_of_this_process_leaves_the_firsts_claims_alone(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    now = house.base.clock.now()
    held = await deletion_ops.claim_due(now, "me:first", timedelta(minutes=2), 10)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    deleter.start()
    deleter.stop()
    assert (await deleter.delete_due_messages()).counts == {}
    (promise,) = await open_promises()
    assert promise.claimed_by == "me:first"
    assert await deletion_ops.finish([held[0].id], "me:first") == 1


async def test_notices_of_old_deliveries_wait_behind_people(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes: list[Lane] = []
    edit = Bot.edit_message_text

    async def noting(self: Bot, *arguments: Any, **options: Any) -> Any:
        lanes.append(current_lane())
        return await edit(self, *arguments, **options)

    monkeypatch.setattr(Bot, "edit_message_text", noting)
    await delivered(house)
    await house.advance(hours=49)
    await take_back(house)
    assert lanes == [Lane.DELETION]


async def test_a_bot_token_in_an_error_does_not_reach_the_promise(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leaking(self: Bot, *arguments: Any, **options: Any) -> Any:
        raise OSError("at http://127.0.0.1/bot123456789:AAbbCCddEE/deleteMessages")

    await delivered(house)
    await house.advance(minutes=31)
    monkeypatch.setattr(message_deleter, "delete_messages", leaking)
    assert (await take_back(house)).counts == {"retry": 1}
    (promise,) = await open_promises()
    assert promise.last_error is not None
    assert "AAbbCCddEE" not in promise.last_error


async def test_a_promise_whose_time_was_moved_while_it_was_claimed_waits_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine slept through the delivery: its ids come in, and with them the later time, as the deleter looks."""
    await delivered(house)
    (promise,) = await open_promises()
    await house.advance(minutes=31)
    claim_due, later = deletion_ops.claim_due, house.base.clock.now() + timedelta(minutes=30)

    async def moved_meanwhile(*arguments: Any, **more: Any) -> list[PendingDeletion]:
        if not await claim_due(*arguments, **more):
            return []
        await deletion_ops.record_messages(promise.id, promise.message_ids, later)
        return await open_promises()

    monkeypatch.setattr(deletion_ops, "claim_due", moved_meanwhile)
    assert (await take_back(house)).counts == {"retry": 1}
    assert len([m for m in await alive(house) if m.get("photo")]) == 1
    await house.advance(minutes=31)
    assert (await take_back(house)).counts == {"deleted": 1}
