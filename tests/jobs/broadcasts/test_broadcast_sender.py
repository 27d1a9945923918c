"""Broadcasts reach each recipient once; a failed one has a reason, and a lost answer is called unknown."""

import json
from datetime import timedelta

import pytest

from core.broadcasts import CONTENT_FAILURES_MAX, BroadcastStatus, LinkButton
from core.errors import StoreUnavailable
from core.jobs import JobOutcome
from core.segments import Segment, SegmentKind
from database.connection import current_database
from database.operations import broadcast_ops, broadcast_rows, lease_ops, settings_ops, user_ops
from schedulers import registry
from schedulers.jobs import broadcast_sending
from schedulers.leases import TTL
from tests.house import STORAGE, USER_BOT, House
from tests.jobs.broadcasts.broadcasts import (
    Interruption,
    add_subscribers,
    copies,
    queue,
    queue_and_send,
    reread,
    rows_of,
    send,
    states,
    store_album,
    store_text,
)


@pytest.fixture(autouse=True)
def at_telegrams_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house has a very high rate limit; let as few calls wait and be in flight as at 30 a second."""
    monkeypatch.setattr(broadcast_sending, "QUEUED_S", 0.0)
    monkeypatch.setattr(broadcast_sending, "IN_FLIGHT_S", 0.0)


async def test_each_recipient_gets_it_once_and_their_row_holds_their_own_message(house: House) -> None:
    people = await add_subscribers(house, 7)
    broadcast = await queue(house)
    report = await send(house)
    assert (report.outcome, report.counts, report.more) == (JobOutcome.SUCCEEDED, {"sent": 7}, False)
    ended = await reread(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 7})
    await send(house)
    rows = {row["user_id"]: row["message_ids"] for row in await rows_of(broadcast)}
    for person in people:
        transcript = await house.world.person(person).transcript(USER_BOT)
        assert [m["message_id"] for m in transcript["messages"] if m.get("text") == "Big news"] == rows[person]
    assert len(rows) == len({tuple(ids) for ids in rows.values()}) == 7


async def test_a_broadcast_without_recipients_ends_as_sent(house: House) -> None:
    ended = await queue_and_send(house)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {})


async def test_a_subscriber_who_joins_while_it_is_sent_is_not_included(house: House) -> None:
    await add_subscribers(house, 2)
    broadcast = await queue(house)
    assert await broadcast_ops.start(broadcast, house.base.clock.now()) is not None
    await house.advance(seconds=1)
    (late,) = await add_subscribers(house, 1, first=900)
    await send(house)
    assert late not in await states(broadcast)
    assert await copies(house, late) == 0


async def test_a_subscriber_who_blocked_the_bot_is_left_out_of_the_next_broadcast_until_they_return(
    house: House,
) -> None:
    first, second = await add_subscribers(house, 2)
    await house.world.fault("error", method="copyMessage", chat_id=first, times=1, **blocked())
    ended = await queue_and_send(house)
    assert ended.counts == {"sent": 1, "blocked": 1}
    user = await user_ops.find(first)
    assert user is not None
    assert user.blocked_at is not None
    again = await queue_and_send(house)
    assert await states(again) == {second: "sent"}
    await house.world.person(first).text(USER_BOT, "/start")
    await house.settle()
    assert set(await states(await queue_and_send(house))) == {first, second}


def blocked() -> dict[str, object]:
    return {"status": 403, "description": "Forbidden: bot was blocked by the user"}


def trouble() -> dict[str, object]:
    return {"status": 500, "description": "Internal Server Error: trouble"}


async def test_a_deleted_account_is_counted_as_blocked_and_left_out_of_the_next_broadcast(house: House) -> None:
    first, second = await add_subscribers(house, 2)
    await house.world.person(first).deactivate()
    ended = await queue_and_send(house)
    assert await states(ended) == {first: "blocked", second: "sent"}
    user = await user_ops.find(first)
    assert user is not None
    assert user.deactivated_at is not None
    assert set(await states(await queue_and_send(house))) == {second}


async def test_a_deleted_source_message_fails_it_after_a_few_recipients(house: House) -> None:
    people = await add_subscribers(house, 12)
    message_id = await store_text(house)
    broadcast = await queue(house, [message_id])
    await house.world.delete_message(STORAGE, message_id)
    await send(house)
    ended = await reread(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    assert ended.error is not None
    assert "not in the storage channel any more" in ended.error
    assert CONTENT_FAILURES_MAX <= ended.counts["failed"] <= CONTENT_FAILURES_MAX + broadcast_sending.QUEUED_MIN
    assert ended.counts["pending"] == len(people) - ended.counts["failed"]


async def test_when_the_source_message_is_deleted_meanwhile_it_fails_and_sent_copies_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 30)
    message_id = await store_text(house)
    broadcast = await queue(house, [message_id])
    deletion = Interruption(monkeypatch, 7, lambda: house.world.delete_message(STORAGE, message_id))
    await send(house, heartbeat=deletion.heartbeat)
    ended = await reread(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    assert 4 <= ended.counts["sent"] <= 6
    assert CONTENT_FAILURES_MAX <= ended.counts["failed"] <= CONTENT_FAILURES_MAX + broadcast_sending.QUEUED_MIN
    assert sum(ended.counts.values()) == 30
    assert await copies(house, people[0]) == 1


async def test_a_lost_storage_channel_fails_it_and_marks_no_user_as_blocked(house: House) -> None:
    people = await add_subscribers(house, 8)
    broadcast = await queue(house)
    await house.world.set_member(STORAGE, 1002, "left")
    await send(house)
    ended = await reread(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    assert "blocked" not in ended.counts
    for person in people:
        user = await user_ops.find(person)
        assert user is not None
        assert user.blocked_at is None


async def test_a_copy_whose_answer_was_lost_is_unknown_and_not_repeated(house: House) -> None:
    people = await add_subscribers(house, 4)
    await house.world.fault("drop_after", method="copyMessage", chat_id=people[1], times=1)
    ended = await queue_and_send(house)
    assert ended.counts == {"sent": 3, "unknown": 1}
    await send(house)
    assert [await copies(house, person) for person in people] == [1] * 4


async def test_an_outage_without_answers_leaves_few_recipients_unknown(house: House) -> None:
    await add_subscribers(house, 20)
    pages = [
        await house.world.fault("html", method=method, times=times, status=502)
        for method, times in (("copyMessage", 6), ("getMe", 4))
    ]
    ended = await queue_and_send(house)
    assert ended.counts["unknown"] <= 6
    assert ended.counts["sent"] == 20 - ended.counts["unknown"]
    assert all([await house.world.fault_hit(page, timeout_s=0) for page in pages])


async def test_flood_control_loses_no_recipient(house: House) -> None:
    people = await add_subscribers(house, 6)
    await house.world.fault("flood", method="copyMessage", times=2, retry_after=3)
    ended = await queue_and_send(house)
    assert ended.counts == {"sent": 6}
    assert [await copies(house, person) for person in people] == [1] * 6


async def test_a_flood_pause_longer_than_the_limiter_waits_postpones_all_recipients(house: House) -> None:
    people = await add_subscribers(house, 6)
    await house.world.fault("flood", method="copyMessage", times=1, retry_after=120)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await house.world.advance(seconds)

    broadcast = await queue(house)
    await send(house, sleep=sleep)
    assert (await reread(broadcast)).counts == {"sent": 6}
    assert sum(waited) >= 100
    assert [await copies(house, person) for person in people] == [1] * 6


async def test_an_outage_with_server_errors_leaves_few_recipients_unknown(house: House) -> None:
    people = await add_subscribers(house, 20)
    for method, times in (("copyMessage", 6), ("getMe", 12)):
        await house.world.fault("error", method=method, times=times, **trouble())
    ended = await queue_and_send(house)
    assert ended.counts["unknown"] <= 6
    assert ended.counts["sent"] == 20 - ended.counts["unknown"]
    assert max([await copies(house, person) for person in people]) == 1


async def test_a_recipient_who_always_fails_does_not_hold_up_the_others(house: House) -> None:
    people = await add_subscribers(house, 3)
    await house.world.fault("error", method="copyMessage", chat_id=people[0], times=1000, **trouble())
    ended = await queue_and_send(house)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 2, "unknown": 1})


@pytest.mark.parametrize("refused", [True, False])
async def test_a_refusal_fails_it_only_when_it_concerns_the_content(house: House, refused: bool) -> None:
    await add_subscribers(house, 8)
    words = "Bad Request: message is too long" if refused else "Bad Request: VOICE_MESSAGES_FORBIDDEN"
    await house.world.fault("error", method="copyMessage", times=4, status=400, description=words)
    ended = await queue_and_send(house)
    assert ended.status is (BroadcastStatus.FAILED if refused else BroadcastStatus.SENT)


async def test_a_refused_token_fails_the_run_but_not_the_broadcast(house: House) -> None:
    await add_subscribers(house, 3)
    broadcast = await queue(house)
    fault = await house.world.fault("error", method="copyMessage", times=100, status=401, description="Unauthorized")
    report = await send(house)
    assert report.outcome is JobOutcome.FAILED
    assert (await reread(broadcast)).status is BroadcastStatus.SENDING
    assert set((await states(broadcast)).values()) == {"pending"}
    await house.world.clear_faults(fault)
    await send(house)
    assert (await reread(broadcast)).counts == {"sent": 3}


async def test_a_copy_is_silent_pinned_and_has_buttons_as_planned(house: House) -> None:
    (person,) = await add_subscribers(house, 1)
    button = LinkButton(text="Read", url="https://example.org/")
    await queue_and_send(house, silent=True, pin=True, buttons=(button,), has_stop_button=True)
    (copy,) = await house.calls("copyMessage")
    assert copy["params"]["disable_notification"] == "true"
    (pin,) = await house.calls("pinChatMessage")
    assert (pin["params"]["chat_id"], pin["params"]["disable_notification"]) == (str(person), "true")
    assert "https://example.org/" in copy["params"]["reply_markup"]
    assert "nonews" in copy["params"]["reply_markup"]


async def test_the_stop_button_is_in_the_language_of_each_recipient(house: House) -> None:
    german, spanish, english, finnish = await add_subscribers(house, 4)
    users = current_database().collection("users")
    await users.update_one({"user_id": german}, {"$set": {"language": "de"}})
    await users.update_one({"user_id": spanish}, {"$set": {"language": "de", "chosen_language": "es"}})
    await users.update_one({"user_id": finnish}, {"$set": {"language": "fi"}})
    await queue_and_send(house, has_stop_button=True)
    sent = {int(call["params"]["chat_id"]): call["params"]["reply_markup"] for call in await house.calls("copyMessage")}
    buttons = {person: json.loads(markup)["inline_keyboard"][0][0]["text"] for person, markup in sent.items()}
    assert buttons == {
        german: "Solche Nachrichten abbestellen",
        spanish: "No quiero más mensajes así",
        english: "No more of these messages",
        finnish: "No more of these messages",
    }


async def test_all_message_ids_of_an_album_are_stored(house: House) -> None:
    await add_subscribers(house, 2)
    broadcast = await queue_and_send(house, await store_album(house))
    assert broadcast.counts == {"sent": 2}
    rows = await broadcast_rows.rows().find({}, limit=5)
    assert [len(row["message_ids"]) for row in rows] == [3, 3]


async def test_an_album_with_a_deleted_part_fails_it(house: House) -> None:
    await add_subscribers(house, 8)
    ids = await store_album(house)
    broadcast = await queue(house, ids)
    await house.world.delete_message(STORAGE, ids[1])
    await send(house)
    ended = await reread(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    rows = await broadcast_rows.rows().find({"state": "sent"}, limit=9)
    assert rows
    assert all(len(row["message_ids"]) == 2 for row in rows)


async def test_a_broadcast_to_a_segment_reaches_only_that_segment(house: House) -> None:
    _, second = await add_subscribers(house, 2)
    await house.advance(days=10)
    await house.world.person(second).text(USER_BOT, "/start")
    await house.settle()
    broadcast = await queue_and_send(house, segment=Segment(kind=SegmentKind.ACTIVE, days=7))
    assert await states(broadcast) == {second: "sent"}


async def test_a_pause_stops_it_within_a_heartbeat_and_a_resume_continues_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 10)
    broadcast = await queue(house)
    pause = Interruption(monkeypatch, 4, lambda: broadcast_ops.pause(broadcast.id))
    await send(house, heartbeat=pause.heartbeat)
    paused = await reread(broadcast)
    assert paused.status is BroadcastStatus.PAUSED
    # calls in flight still end
    assert 4 <= paused.counts["sent"] <= 4 + broadcast_sending.QUEUED_MIN
    assert paused.counts["pending"] == 10 - paused.counts["sent"]
    await send(house)
    assert (await reread(broadcast)).status is BroadcastStatus.PAUSED
    assert await broadcast_ops.resume(broadcast.id) is not None
    await send(house)
    assert (await reread(broadcast)).counts == {"sent": 10}
    assert [await copies(house, person) for person in people] == [1] * 10


async def test_maintenance_stops_it_within_a_heartbeat_and_it_goes_on_by_itself_afterwards(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 10)
    broadcast = await queue(house)
    until = house.clock.now() + timedelta(hours=1)
    begins = Interruption(monkeypatch, 4, lambda: settings_ops.change("maintenance_until", until))
    report = await send(house, heartbeat=begins.heartbeat)
    waiting = await reread(broadcast)
    assert waiting.status is BroadcastStatus.SENDING and not report.more
    assert 4 <= waiting.counts["sent"] <= 4 + broadcast_sending.QUEUED_MIN
    assert (await send(house)).counts == {}
    await house.advance(minutes=61)
    await send(house)
    ended = await reread(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 10})
    assert [await copies(house, person) for person in people] == [1] * 10


async def test_of_two_due_broadcasts_the_one_planned_earlier_is_sent_first(house: House) -> None:
    (person,) = await add_subscribers(house, 1)
    later = await queue(house, [await store_text(house, "second")], key="b")
    now = house.base.clock.now()
    earlier = await queue(house, [await store_text(house, "first")], key="a", send_at=now - timedelta(minutes=1))
    await send(house)
    ended = [await reread(earlier), await reread(later)]
    assert [one.status for one in ended] == [BroadcastStatus.SENT] * 2
    transcript = await house.world.person(person).transcript(USER_BOT)
    texts = [m.get("text") for m in transcript["messages"]]
    assert texts.index("first") < texts.index("second")


async def test_a_planned_broadcast_waits_for_its_time(house: House) -> None:
    await add_subscribers(house, 1)
    broadcast = await queue(house, send_at=house.base.clock.now() + timedelta(hours=1))
    await send(house)
    assert (await reread(broadcast)).status is BroadcastStatus.QUEUED
    await house.advance(hours=1)
    await send(house)
    assert (await reread(broadcast)).status is BroadcastStatus.SENT


@pytest.mark.parametrize(("minutes", "status"), [(59, BroadcastStatus.SENT), (61, BroadcastStatus.FAILED)])
async def test_a_broadcast_that_missed_its_time_is_sent_within_its_lifetime(
    house: House, minutes: int, status: BroadcastStatus
) -> None:
    await add_subscribers(house, 1)
    broadcast = await queue(house, lifetime_minutes=60)
    await house.advance(minutes=minutes)
    await send(house)
    ended = await reread(broadcast)
    assert ended.status is status
    assert (ended.error is not None) == (status is BroadcastStatus.FAILED)


async def test_a_broadcast_cancelled_while_paused_is_not_sent(house: House) -> None:
    await add_subscribers(house, 2)
    broadcast = await queue(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_ops.pause(broadcast.id)
    assert await broadcast_ops.cancel(broadcast.id, house.base.clock.now()) is not None
    await send(house)
    assert (await reread(broadcast)).status is BroadcastStatus.CANCELLED
    assert await states(broadcast) == {}


async def test_what_a_killed_process_was_sending_is_unknown(house: House) -> None:
    people = await add_subscribers(house, 3)
    broadcast = await queue(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_rows.add_recipients(broadcast.id, people)
    assert await broadcast_rows.claim(broadcast.id, people[:1], "a killed process") == people[:1]
    await send(house)
    ended = await reread(broadcast)
    assert ended.counts == {"sent": 2, "unknown": 1}
    assert await copies(house, people[0]) == 0


async def test_another_process_sends_only_after_the_lease_of_the_first_has_expired(house: House) -> None:
    await add_subscribers(house, 2)
    broadcast = await queue(house)
    now = house.base.clock.now()
    assert await lease_ops.take(registry.BROADCAST_SENDER.name, "another process", now, TTL)
    assert (await send(house)).counts == {}
    assert (await reread(broadcast)).status is BroadcastStatus.QUEUED
    await house.advance(seconds=TTL.total_seconds())
    await send(house)
    assert (await reread(broadcast)).counts == {"sent": 2}


async def test_a_jump_of_the_clock_while_it_is_sent_loses_no_recipient(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 8)
    broadcast = await queue(house)
    jump = Interruption(monkeypatch, 3, lambda: house.advance(hours=3))
    first = await send(house, heartbeat=jump.heartbeat)
    assert first.more
    await send(house)
    assert (await reread(broadcast)).counts == {"sent": 8}
    assert [await copies(house, person) for person in people] == [1] * 8


async def test_an_outage_of_the_database_while_rows_are_written_loses_no_result(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 5)
    broadcast = await queue(house)
    real, is_away = broadcast_rows.mark_sent, iter([True, False, True, True, False, False, False, False])

    async def mark_sent(*words: object, **more: object) -> bool:
        if next(is_away, False):
            raise StoreUnavailable("away")
        return await real(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(broadcast_rows, "mark_sent", mark_sent)
    await send(house)
    assert (await reread(broadcast)).counts == {"sent": 5}
    assert [await copies(house, person) for person in people] == [1] * 5


async def test_at_high_rates_rows_are_claimed_in_groups_and_nobody_waits_for_a_full_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 33)
    broadcast = await queue(house)
    # 20 calls may wait in the limiter, so 5 rows are claimed at once
    monkeypatch.setattr(broadcast_sending, "QUEUED_MIN", 20)
    calls = house.base.database.calls
    calls.clear()
    await send(house)
    assert (await reread(broadcast)).counts == {"sent": 33}
    assert [await copies(house, person) for person in people] == [1] * 33
    # one more looks for rows a killed process has left
    assert calls["update_many broadcast_recipients"] <= 33 / 5 + 2


async def test_making_rows_continues_after_a_kill(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await add_subscribers(house, 7)
    monkeypatch.setattr(broadcast_sending, "PAGE", 2)
    broadcast = await queue(house)
    assert await broadcast_ops.start(broadcast, house.base.clock.now()) is not None
    # killed between the rows of the second page and the cursor
    await broadcast_rows.add_recipients(broadcast.id, people[:2])
    await broadcast_ops.record_cursor(broadcast.id, people[1], is_filled=False)
    await broadcast_rows.add_recipients(broadcast.id, people[2:3])
    await send(house)
    assert await states(broadcast) == dict.fromkeys(people, "sent")
    assert [await copies(house, person) for person in people] == [1] * 7
