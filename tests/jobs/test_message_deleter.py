"""Deliveries are deleted in time, and a promise ends only in a terminal state."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot

from core.delivery import PendingDeletion
from core.jobs import JobOutcome, RunReport
from core.posts import Post
from database.connection import current_database
from database.operations import deletion_ops, settings_ops
from schedulers import create_message_deleter_scheduler
from schedulers.jobs import promise_deletion
from sender.lanes import Lane, current_lane
from tests.house import ADMIN_BOT, ALICE, STORAGE, USER_BOT, House


async def delivered(house: House, items: int = 1, **more: Any) -> Post:
    post = await house.store(items, **more)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="Deleted in")
    await house.settle()
    return post


async def run_deleter(house: House) -> RunReport:
    """Run the deleter once, by hand."""
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def alerts_to_owner(house: House) -> list[str]:
    transcript = await house.olive.transcript(ADMIN_BOT)
    return [m["text"] for m in transcript["messages"] if "could not be deleted" in m.get("text", "")]


async def open_promises() -> list[PendingDeletion]:
    return await deletion_ops.open_deliveries(ALICE, 100)


async def messages_left(house: House) -> list[dict[str, Any]]:
    transcript = await house.alice.transcript(USER_BOT)
    return [m for m in transcript["messages"] if m["outgoing"] and m["deleted_at"] is None]


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [message.get("text", message.get("caption", "")) for message in messages]


async def test_a_delivery_is_not_deleted_before_its_time(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=29)
    report = await run_deleter(house)
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {})
    assert len(await open_promises()) == 1


async def test_a_due_delivery_is_deleted_and_its_warning_becomes_a_button(house: House) -> None:
    post = await delivered(house, items=3)
    await house.advance(minutes=31)
    report = await run_deleter(house)
    assert report.counts == {"deleted": 1}
    assert await open_promises() == []
    (notice,) = await messages_left(house)
    assert notice["text"] == "\u2068A post\u2069 was deleted, as announced."
    await house.alice.press(USER_BOT, "Get it again · free")
    await house.alice.wait(USER_BOT, contains="30 min")
    assert len([m for m in await messages_left(house) if m.get("photo")]) == 3
    assert post.code in str(notice["reply_markup"])


async def test_the_owners_notice_has_formatting_and_names_the_subscriber_and_the_bot(house: House) -> None:
    await settings_ops.change("deleted_text", "<b>Gone</b>, {name}. Ask {bot} again.")
    await delivered(house)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"deleted": 1}
    (notice,) = await messages_left(house)
    assert notice["text"] == f"Gone, \u2068Alice\u2069. Ask @{USER_BOT} again."
    assert {"type": "bold", "offset": 0, "length": 4} in notice["entities"]


async def test_a_deletion_takes_two_calls_a_delivery(house: House) -> None:
    await delivered(house, items=10)
    await house.advance(minutes=31)
    before = len(await house.calls())
    await run_deleter(house)
    assert [call["method"] for call in (await house.calls())[before:]] == ["deleteMessages", "editMessageText"]


async def test_a_promise_without_a_notice_gets_one_sent(house: House) -> None:
    post = await delivered(house)
    (promise,) = await open_promises()
    sent_at, delete_at = promise.sent_at, promise.delete_at
    await deletion_ops.promise(1002, ALICE, ALICE, post.code, sent_at, delete_at, promise.message_ids)
    await house.advance(minutes=31)
    report = await run_deleter(house)
    assert report.counts["deleted"] == 2
    assert texts(await messages_left(house)).count("\u2068A post\u2069 was deleted, as announced.") == 1


async def test_a_message_the_subscriber_deleted_counts_as_deleted(house: House) -> None:
    await delivered(house)
    (promise,) = await open_promises()
    assert promise.notice_message_id is not None
    await house.alice.delete(USER_BOT, [*promise.message_ids, promise.notice_message_id])
    await house.advance(minutes=31)
    report = await run_deleter(house)
    assert report.counts == {"deleted": 1}
    assert await messages_left(house) == []


@pytest.mark.parametrize("kind", ["html", "drop_after", "drop_before"])
@pytest.mark.parametrize("method", ["deleteMessages", "editMessageText"])
async def test_after_a_lost_answer_the_call_is_repeated_and_no_notice_sent_twice(
    house: House, kind: str, method: str
) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault(kind, method=method, bot=USER_BOT, times=2, **({"status": 502} if kind == "html" else {}))
    report = await run_deleter(house)
    assert report.counts == {"deleted": 1}
    assert texts(await messages_left(house)) == ["\u2068A post\u2069 was deleted, as announced."]


@pytest.mark.parametrize("method", ["deleteMessages", "editMessageText"])
async def test_while_telegram_is_down_the_promise_is_postponed(house: House, method: str) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault("html", method=method, bot=USER_BOT, status=502, times=None)
    report = await run_deleter(house)
    assert report.counts == {"retry": 1}
    (promise,) = await open_promises()
    assert promise.attempts == 1
    assert promise.claimed_by is None
    assert promise.last_error is not None
    assert "ambiguous" in promise.last_error
    await house.world.clear_faults()
    assert (await run_deleter(house)).counts == {}, "it is not retried before its pause is over"
    await house.advance(minutes=1)
    assert (await run_deleter(house)).counts == {"deleted": 1}
    assert texts(await messages_left(house)) == ["\u2068A post\u2069 was deleted, as announced."]


async def test_a_long_429_postpones_the_promise_instead_of_the_run(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault("flood", method="deleteMessages", bot=USER_BOT, retry_after=900)
    now = house.base.clock.now()
    report = await run_deleter(house)
    assert report.counts == {"retry": 1}
    (promise,) = await open_promises()
    assert promise.not_before is not None
    assert promise.not_before - now >= timedelta(seconds=899)


async def test_a_short_429_is_waited_out(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault("flood", method="deleteMessages", bot=USER_BOT, retry_after=3)
    assert (await run_deleter(house)).counts == {"deleted": 1}
    assert (await house.world.counters())["ignored_429"] == 0


async def test_a_delivery_to_a_subscriber_who_blocked_the_bot_is_deleted(house: House) -> None:
    await delivered(house)
    await house.alice.block(USER_BOT)
    await house.advance(minutes=31)
    report = await run_deleter(house)
    assert report.counts == {"deleted": 1}
    assert [m for m in await messages_left(house) if m.get("photo")] == []


async def test_a_promise_refused_because_of_a_block_is_retried_until_it_is_too_old(house: House) -> None:
    await delivered(house)
    await house.advance(minutes=31)
    await house.world.fault(
        "error", method="deleteMessages", bot=USER_BOT, times=None, status=403,
        description="Forbidden: bot was blocked by the user",
    )  # fmt: skip
    assert (await run_deleter(house)).counts == {"retry": 1}
    assert len(await open_promises()) == 1
    await house.advance(hours=48)
    assert (await run_deleter(house)).counts == {"too_old": 1}
    assert await open_promises() == []


async def test_a_promise_to_a_deleted_account_ends_and_is_counted(house: House) -> None:
    await delivered(house)
    await house.alice.deactivate()
    await house.advance(minutes=31)
    report = await run_deleter(house)
    assert report.counts == {"reader_gone": 1}
    assert await open_promises() == []


async def test_messages_too_old_for_telegram_are_counted_owners_notified_and_no_call_made(house: House) -> None:
    await delivered(house)
    await house.advance(hours=48, seconds=1)
    before = len(await house.calls("deleteMessages"))
    report = await run_deleter(house)
    assert report.counts == {"too_old": 1}
    assert len(await house.calls("deleteMessages")) == before
    assert await open_promises() == []
    assert "does not let me remove" in texts(await messages_left(house))[-1]
    assert len(await alerts_to_owner(house)) == 1


async def test_one_undeletable_message_does_not_keep_the_others(house: House) -> None:
    await delivered(house, items=5)
    (promise,) = await open_promises()
    third = promise.message_ids[2]
    # the third message is older than the promise says, so that the whole call is refused (BOTAPI §2.6)
    house.sandbox.world.dialogs[1002, ALICE].messages[third].date -= 48 * 3600
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"retry": 1}, "it might be a dice"
    assert [m["message_id"] for m in await messages_left(house) if m.get("photo")] == [third]
    await house.advance(hours=24)
    assert (await run_deleter(house)).counts == {"too_old": 1}
    assert [m["message_id"] for m in await messages_left(house) if m.get("photo")] == [third]


async def test_a_delivery_whose_ids_nobody_knows_is_counted_and_owners_notified(house: House) -> None:
    post = await delivered(house)
    now = house.base.clock.now()
    await deletion_ops.promise(1002, ALICE, ALICE, post.code, now, now)
    assert (await run_deleter(house)).counts == {"unknown": 1}
    assert len(await open_promises()) == 1
    assert "never came, so its messages are unknown: 1" in (await alerts_to_owner(house))[-1]


async def test_a_delivery_whose_answer_was_lost_is_cleaned_up_and_owners_notified(house: House) -> None:
    post = await house.store(3)
    await house.world.fault("drop_after", method="copyMessages", bot=USER_BOT)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="did not confirm")
    await house.settle()
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"swept": 1}
    assert not [m for m in await messages_left(house) if m.get("photo")]
    await house.olive.wait(ADMIN_BOT, contains="were cleaned up: 1")


async def test_a_delivery_that_arrives_after_its_promised_time_is_deleted(house: House) -> None:
    await settings_ops.change("delete_after_minutes", 1)
    post = await house.store()
    sending = house.user_bot.dispatcher["deliverer"]._sending
    copy = sending._copy

    async def copy_late(*arguments: Any) -> Any:
        await house.advance(minutes=3)
        assert (await run_deleter(house)).counts == {}
        return await copy(*arguments)

    sending._copy = copy_late
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="Deleted in 1 min")
    await house.settle()
    (promise,) = await open_promises()
    assert promise.delete_at > house.base.clock.now()
    await house.advance(minutes=16)
    assert (await run_deleter(house)).counts == {"deleted": 1}


async def test_two_concurrent_deleters_delete_each_delivery_once(house: House) -> None:
    for _ in range(3):
        await delivered(house)
        await house.advance(seconds=5)
    await house.advance(minutes=31)
    one = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    other_process = replace(house.user_bot.jobs, owner="another process")
    two = create_message_deleter_scheduler(house.base.user_bot, other_process)
    reports = await asyncio.gather(one.delete_due_messages(), two.delete_due_messages())
    assert sum(report.counts.get("deleted", 0) for report in reports) == 3
    assert len(await house.calls("deleteMessages")) == 3


async def test_a_jump_of_half_an_hour_starts_the_deletion(ticking_house: House) -> None:
    house = ticking_house
    await delivered(house)
    await house.advance(minutes=30)
    await house.alice.wait(USER_BOT, contains="deleted, as announced")
    run = await house.ended_run("message_deleter", deleted=1)
    assert run.outcome is JobOutcome.SUCCEEDED


async def test_messages_in_the_storage_channel_are_not_deleted(house: House) -> None:
    await delivered(house, items=2)
    await house.advance(minutes=31)
    await run_deleter(house)
    stored = [m for m in await house.world.chat_messages(STORAGE) if m.get("photo")]
    assert [m["deleted_at"] for m in stored] == [None, None]


async def test_owners_are_notified_of_undeletable_deliveries_at_most_once_an_hour(house: House) -> None:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    for _ in range(3):
        await delivered(house)
        await house.advance(hours=49)
        await deleter.delete_due_messages()
    assert len(await alerts_to_owner(house)) == 3, "more than an hour lies between them"
    for _ in range(2):
        now = house.base.clock.now()
        await deletion_ops.promise(1002, ALICE, ALICE, "x" * 16, now, now + timedelta(minutes=30))
    await house.advance(minutes=46)
    await deleter.delete_due_messages()
    assert len(await alerts_to_owner(house)) == 3
    await house.advance(minutes=31)
    await deleter.delete_due_messages()
    assert "unknown: 2" in (await alerts_to_owner(house))[-1]


async def test_owners_who_could_not_be_notified_are_notified_by_the_next_run(house: House) -> None:
    await delivered(house)
    await house.advance(hours=49)
    await house.world.fault("html", method="sendMessage", bot=ADMIN_BOT, status=502, times=1)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()
    await deleter.delete_due_messages()
    assert "no longer deletes them: 1" in (await alerts_to_owner(house))[-1]


async def test_due_promises_of_a_replaced_bot_end_without_a_call_and_owners_are_notified(house: House) -> None:
    await delivered(house)
    now, before = house.base.clock.now(), len(await house.calls())
    (own,) = await open_promises()
    # the ids are those of the present bot's own messages
    await deletion_ops.promise(777, ALICE, ALICE, "x" * 16, now - timedelta(hours=1), now, own.message_ids)
    later = await deletion_ops.promise(777, ALICE, ALICE, "x" * 16, now, now + timedelta(hours=1), own.message_ids)
    assert (await run_deleter(house)).counts == {"other_bot": 1}
    assert len(await house.calls()) == before
    assert {promise.id for promise in await open_promises()} == {own.id, later}
    assert "Sent by another bot, whose messages this one cannot delete: 1" in (await alerts_to_owner(house))[-1]


async def test_a_row_with_only_the_four_first_fields_is_worked_off(house: House) -> None:
    await delivered(house)
    (promise,) = await open_promises()
    rows = current_database().collection("pending_deletions")
    for home in ("deliveries", "pending_deletions"):
        await current_database().collection(home).delete_many({})
    old = {"user_id": ALICE, "chat_id": ALICE, "message_ids": list(promise.message_ids), "delete_at": promise.delete_at}
    await rows.insert_one(old)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"deleted": 1}
    left = await messages_left(house)
    assert [m for m in left if m.get("photo")] == []
    assert left[-1]["text"] == "The post was deleted, as announced."
    assert left[-1].get("reply_markup") is None, "which post it was is not known"


async def test_a_second_run_of_a_process_leaves_the_claims_of_the_first_alone(house: House) -> None:
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


async def test_notices_are_edited_in_the_lane_of_deletions(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes: list[Lane] = []
    edit = Bot.edit_message_text

    async def note_lane(self: Bot, *arguments: Any, **options: Any) -> Any:
        lanes.append(current_lane())
        return await edit(self, *arguments, **options)

    monkeypatch.setattr(Bot, "edit_message_text", note_lane)
    await delivered(house)
    await house.advance(hours=49)
    await run_deleter(house)
    assert lanes == [Lane.DELETION]


async def test_a_bot_token_in_an_error_is_not_stored(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def leak_token(self: Bot, *arguments: Any, **options: Any) -> Any:
        raise OSError("at http://127.0.0.1/bot123456789:AAbbCCddEE/deleteMessages")

    await delivered(house)
    await house.advance(minutes=31)
    monkeypatch.setattr(promise_deletion, "delete_messages", leak_token)
    assert (await run_deleter(house)).counts == {"retry": 1}
    (promise,) = await open_promises()
    assert promise.last_error is not None
    assert "AAbbCCddEE" not in promise.last_error
