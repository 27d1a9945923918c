"""Broadcasts reach everybody once; what stops one says why, and what cannot be known is called unknown."""

from datetime import timedelta
from typing import Any

import pytest

from core.broadcasts import CONTENT_FAILURES_MAX, Broadcast, BroadcastStatus, LinkButton
from core.errors import StoreUnavailable
from core.jobs import JobOutcome
from core.segments import Segment, SegmentKind
from database.operations import broadcast_ops, broadcast_rows, lease_ops, user_ops
from schedulers.jobs import broadcast_sending
from schedulers.jobs.broadcast_sender import NAME
from schedulers.leases import TTL
from tests.house import STORAGE, USER_BOT, House
from tests.jobs.broadcasts.broadcasts import (
    Interruption,
    copies,
    hours,
    now_of,
    planned,
    send,
    sender,
    states,
    stored,
    subscribers,
)


@pytest.fixture(autouse=True)
def at_telegrams_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house has no ceiling to speak of; as few calls line up as do at 30 a second."""
    monkeypatch.setattr(broadcast_sending, "AHEAD_S", 0.0)
    monkeypatch.setattr(broadcast_sending, "ON_THEIR_WAY_S", 0.0)


async def test_everybody_gets_it_once(house: House) -> None:
    people = await subscribers(house, 7)
    broadcast = await planned(house)
    report = await send(house)
    assert (report.outcome, report.counts, report.more) == (JobOutcome.SUCCEEDED, {"sent": 7}, False)
    ended = await now_of(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 7})
    assert [await copies(house, person) for person in people] == [1] * 7
    await send(house)
    assert [await copies(house, person) for person in people] == [1] * 7


async def test_each_row_holds_the_recipients_own_message(house: House) -> None:
    people = await subscribers(house, 3)
    await send_planned(house)
    rows = {row["user_id"]: row for row in await broadcast_rows.rows().find({}, limit=10)}
    for person in people:
        transcript = await house.world.person(person).transcript(USER_BOT)
        (own,) = [m["message_id"] for m in transcript["messages"] if m.get("text") == "Big news"]
        assert rows[person]["message_ids"] == [own]
    assert len({tuple(row["message_ids"]) for row in rows.values()}) == 3


async def send_planned(house: House, **more: Any) -> Broadcast:
    broadcast = await planned(house, **more)
    await send(house)
    return await now_of(broadcast)


async def test_nobody_at_all_is_an_end_too(house: House) -> None:
    ended = await send_planned(house)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {})


async def test_who_joins_while_it_is_sent_is_not_included(house: House) -> None:
    await subscribers(house, 2)
    broadcast = await planned(house)
    begun = await broadcast_ops.start(broadcast, house.base.clock.now())
    assert begun is not None
    await house.advance(seconds=1)
    (late,) = await subscribers(house, 1, first=900)
    await send(house)
    assert late not in await states(broadcast)
    assert await copies(house, late) == 0


async def test_an_account_that_is_gone_is_counted_as_blocked_and_marked_as_gone(house: House) -> None:
    first, _ = await subscribers(house, 2)
    gone = {"status": 403, "description": "Forbidden: user is deactivated"}
    await house.world.fault("error", method="copyMessage", chat_id=first, times=1, **gone)
    assert (await send_planned(house)).counts == {"sent": 1, "blocked": 1}
    user = await user_ops.find(first)
    assert user is not None
    assert user.deactivated_at is not None


async def test_whoever_blocked_the_bot_is_marked_and_left_out_next_time_until_they_are_back(house: House) -> None:
    first, second = await subscribers(house, 2)
    await house.world.fault("error", method="copyMessage", chat_id=first, times=1, **blocked())
    ended = await send_planned(house)
    assert ended.counts == {"sent": 1, "blocked": 1}
    user = await user_ops.find(first)
    assert user is not None
    assert user.blocked_at is not None
    again = await send_planned(house)
    assert await states(again) == {second: "sent"}
    await house.world.person(first).text(USER_BOT, "/start")
    await house.settle()
    assert set(await states(await send_planned(house))) == {first, second}


def blocked() -> dict[str, object]:
    return {"status": 403, "description": "Forbidden: bot was blocked by the user"}


def trouble() -> dict[str, object]:
    return {"status": 500, "description": "Internal Server Error: trouble"}


async def test_an_account_that_is_gone_is_left_out_next_time(house: House) -> None:
    first, second = await subscribers(house, 2)
    await house.world.person(first).deactivate()
    ended = await send_planned(house)
    assert await states(ended) == {first: "blocked", second: "sent"}
    assert set(await states(await send_planned(house))) == {second}


async def test_a_message_that_is_gone_stops_it_after_the_first_few(house: House) -> None:
    people = await subscribers(house, 12)
    message_id = await stored(house)
    broadcast = await planned(house, [message_id])
    await house.world.delete_message(STORAGE, message_id)
    await send(house)
    ended = await now_of(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    assert ended.error is not None
    assert "not in the storage channel any more" in ended.error
    assert CONTENT_FAILURES_MAX <= ended.counts["failed"] <= CONTENT_FAILURES_MAX + broadcast_sending.AHEAD
    assert ended.counts["pending"] == len(people) - ended.counts["failed"]


async def test_the_message_goes_in_the_middle_and_who_has_it_keeps_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await subscribers(house, 30)
    message_id = await stored(house)
    broadcast = await planned(house, [message_id])
    goes = Interruption(monkeypatch, 7, lambda: house.world.delete_message(STORAGE, message_id))
    await sender(house, pulse=goes.pulse).send_due_broadcasts()
    ended = await now_of(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    assert 4 <= ended.counts["sent"] <= 6
    assert CONTENT_FAILURES_MAX <= ended.counts["failed"] <= CONTENT_FAILURES_MAX + broadcast_sending.AHEAD
    assert sum(ended.counts.values()) == 30
    assert await copies(house, people[0]) == 1


async def test_a_lost_storage_channel_stops_it_and_marks_nobody(house: House) -> None:
    people = await subscribers(house, 8)
    broadcast = await planned(house)
    await house.world.set_member(STORAGE, 1002, "left")
    await send(house)
    ended = await now_of(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    assert "blocked" not in ended.counts
    for person in people:
        user = await user_ops.find(person)
        assert user is not None
        assert user.blocked_at is None


async def test_an_answer_that_never_came_is_unknown_and_not_repeated(house: House) -> None:
    people = await subscribers(house, 4)
    await house.world.fault("drop_after", method="copyMessage", chat_id=people[1], times=1)
    ended = await send_planned(house)
    assert ended.counts == {"sent": 3, "unknown": 1}
    await send(house)
    assert [await copies(house, person) for person in people] == [1] * 4


async def test_an_outage_without_answers_does_not_use_people_up(house: House) -> None:
    await subscribers(house, 20)
    pages = [
        await house.world.fault("html", method=method, times=times, status=502)
        for method, times in (("copyMessage", 6), ("getMe", 4))
    ]
    ended = await send_planned(house)
    assert ended.counts["unknown"] <= 6
    assert ended.counts["sent"] == 20 - ended.counts["unknown"]
    assert all([await house.world.fault_hit(page, timeout_s=0) for page in pages])


async def test_flood_control_loses_nobody(house: House) -> None:
    people = await subscribers(house, 6)
    await house.world.fault("flood", method="copyMessage", times=2, retry_after=3)
    ended = await send_planned(house)
    assert ended.counts == {"sent": 6}
    assert [await copies(house, person) for person in people] == [1] * 6


async def test_a_pause_longer_than_the_gate_waits_puts_everybody_off(house: House) -> None:
    people = await subscribers(house, 6)
    await house.world.fault("flood", method="copyMessage", times=1, retry_after=120)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await house.world.advance(seconds)

    broadcast = await planned(house)
    await sender(house, sleep=sleep).send_due_broadcasts()
    assert (await now_of(broadcast)).counts == {"sent": 6}
    assert sum(waited) >= 100
    assert [await copies(house, person) for person in people] == [1] * 6


async def test_telegram_away_skips_nobody(house: House) -> None:
    people = await subscribers(house, 5)
    await house.world.fault("error", method="copyMessage", times=40, **trouble())
    ended = await send_planned(house)
    assert ended.counts == {"sent": 5}
    assert [await copies(house, person) for person in people] == [1] * 5


async def test_one_recipient_who_never_works_holds_nobody_for_ever(house: House) -> None:
    people = await subscribers(house, 3)
    await house.world.fault("error", method="copyMessage", chat_id=people[0], times=1000, **trouble())
    ended = await send_planned(house)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 2, "failed": 1})


@pytest.mark.parametrize("refused", [True, False])
async def test_a_text_telegram_refuses_stops_it_only_when_it_is_the_content(house: House, refused: bool) -> None:
    await subscribers(house, 8)
    words = "Bad Request: message is too long" if refused else "Bad Request: VOICE_MESSAGES_FORBIDDEN"
    await house.world.fault("error", method="copyMessage", times=4, status=400, description=words)
    ended = await send_planned(house)
    assert ended.status is (BroadcastStatus.FAILED if refused else BroadcastStatus.SENT)


async def test_a_refused_token_waits_for_the_owner(house: House) -> None:
    await subscribers(house, 3)
    broadcast = await planned(house)
    fault = await house.world.fault("error", method="copyMessage", times=100, status=401, description="Unauthorized")
    report = await send(house)
    assert report.outcome is JobOutcome.FAILED
    assert (await now_of(broadcast)).status is BroadcastStatus.SENDING
    assert set((await states(broadcast)).values()) == {"pending"}
    await house.world.clear_faults(fault)
    await send(house)
    assert (await now_of(broadcast)).counts == {"sent": 3}


async def test_silent_pinned_and_with_buttons(house: House) -> None:
    (person,) = await subscribers(house, 1)
    button = LinkButton(text="Read", url="https://example.org/")
    await send_planned(house, silent=True, pin=True, buttons=(button,), has_stop_button=True)
    (copy,) = await house.calls("copyMessage")
    assert copy["params"]["disable_notification"] == "true"
    (pin,) = await house.calls("pinChatMessage")
    assert (pin["params"]["chat_id"], pin["params"]["disable_notification"]) == (str(person), "true")
    assert "https://example.org/" in copy["params"]["reply_markup"]
    assert "nonews" in copy["params"]["reply_markup"]


async def test_an_album_arrives_as_one_and_all_its_ids_are_kept(house: House) -> None:
    await subscribers(house, 2)
    ids = [int((await house.olive.media(STORAGE, "photo"))["message"]["message_id"]) for _ in range(3)]
    broadcast = await send_planned(house, message_ids=ids)
    assert broadcast.counts == {"sent": 2}
    rows = await broadcast_rows.rows().find({}, limit=5)
    assert [len(row["message_ids"]) for row in rows] == [3, 3]


async def test_a_part_of_an_album_that_is_gone_stops_it(house: House) -> None:
    await subscribers(house, 8)
    ids = [int((await house.olive.media(STORAGE, "photo"))["message"]["message_id"]) for _ in range(3)]
    broadcast = await planned(house, ids)
    await house.world.delete_message(STORAGE, ids[1])
    await send(house)
    ended = await now_of(broadcast)
    assert ended.status is BroadcastStatus.FAILED
    rows = await broadcast_rows.rows().find({"state": "sent"}, limit=9)
    assert rows
    assert all(len(row["message_ids"]) == 2 for row in rows)


async def test_a_segment_reaches_only_its_people(house: House) -> None:
    _, second = await subscribers(house, 2)
    await house.advance(days=10)
    await house.world.person(second).text(USER_BOT, "/start")
    await house.settle()
    broadcast = await send_planned(house, segment=Segment(kind=SegmentKind.ACTIVE, days=7))
    assert await states(broadcast) == {second: "sent"}


async def test_pause_stops_it_within_a_beat_and_resume_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await subscribers(house, 10)
    broadcast = await planned(house)
    comes = Interruption(monkeypatch, 4, lambda: broadcast_ops.pause(broadcast.id))
    await sender(house, pulse=comes.pulse).send_due_broadcasts()
    paused = await now_of(broadcast)
    assert paused.status is BroadcastStatus.PAUSED
    # what was on its way arrives
    assert 4 <= paused.counts["sent"] <= 4 + broadcast_sending.AHEAD
    assert paused.counts["pending"] == 10 - paused.counts["sent"]
    await send(house)
    assert (await now_of(broadcast)).status is BroadcastStatus.PAUSED
    assert await broadcast_ops.resume(broadcast.id) is not None
    await send(house)
    assert (await now_of(broadcast)).counts == {"sent": 10}
    assert [await copies(house, person) for person in people] == [1] * 10


async def test_two_at_once_go_one_after_the_other(house: House) -> None:
    (person,) = await subscribers(house, 1)
    later = await planned(house, [await stored(house, "second")], key="b")
    now = house.base.clock.now()
    earlier = await planned(house, [await stored(house, "first")], key="a", send_at=now - timedelta(minutes=1))
    await send(house)
    ended = [await now_of(earlier), await now_of(later)]
    assert [one.status for one in ended] == [BroadcastStatus.SENT] * 2
    transcript = await house.world.person(person).transcript(USER_BOT)
    texts = [m.get("text") for m in transcript["messages"]]
    assert texts.index("first") < texts.index("second")


async def test_what_is_planned_waits_for_its_time(house: House) -> None:
    await subscribers(house, 1)
    broadcast = await planned(house, send_at=house.base.clock.now() + hours(1))
    await send(house)
    assert (await now_of(broadcast)).status is BroadcastStatus.QUEUED
    await house.advance(hours=1)
    await send(house)
    assert (await now_of(broadcast)).status is BroadcastStatus.SENT


@pytest.mark.parametrize(("minutes", "status"), [(59, BroadcastStatus.SENT), (61, BroadcastStatus.FAILED)])
async def test_a_missed_time_is_made_up_for_within_the_lifetime(
    house: House, minutes: int, status: BroadcastStatus
) -> None:
    await subscribers(house, 1)
    broadcast = await planned(house, lifetime_minutes=60)
    await house.advance(minutes=minutes)
    await send(house)
    ended = await now_of(broadcast)
    assert ended.status is status
    assert (ended.error is not None) == (status is BroadcastStatus.FAILED)


async def test_cancelled_while_paused_sends_no_more(house: House) -> None:
    await subscribers(house, 2)
    broadcast = await planned(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_ops.pause(broadcast.id)
    assert await broadcast_ops.cancel(broadcast.id, house.base.clock.now()) is not None
    await send(house)
    assert (await now_of(broadcast)).status is BroadcastStatus.CANCELLED
    assert await states(broadcast) == {}


async def test_what_a_dead_process_was_sending_is_unknown(house: House) -> None:
    people = await subscribers(house, 3)
    broadcast = await planned(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_rows.add_recipients(broadcast.id, people)
    assert await broadcast_rows.claim(broadcast.id, people[:1], "a dead process") == people[:1]
    await send(house)
    ended = await now_of(broadcast)
    assert ended.counts == {"sent": 2, "unknown": 1}
    assert await copies(house, people[0]) == 0


async def test_another_process_sends_only_when_the_first_is_gone(house: House) -> None:
    await subscribers(house, 2)
    broadcast = await planned(house)
    now = house.base.clock.now()
    assert await lease_ops.take(NAME, "another process", now, TTL)
    assert (await send(house)).counts == {}
    assert (await now_of(broadcast)).status is BroadcastStatus.QUEUED
    await house.advance(seconds=TTL.total_seconds())
    await send(house)
    assert (await now_of(broadcast)).counts == {"sent": 2}


async def test_a_jump_of_the_clock_in_the_middle_loses_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await subscribers(house, 8)
    broadcast = await planned(house)
    jump = Interruption(monkeypatch, 3, lambda: house.advance(hours=3))
    first = await sender(house, pulse=jump.pulse).send_due_broadcasts()
    assert first.more
    await send(house)
    assert (await now_of(broadcast)).counts == {"sent": 8}
    assert [await copies(house, person) for person in people] == [1] * 8


async def test_the_database_leaves_while_results_are_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await subscribers(house, 5)
    broadcast = await planned(house)
    update_key, away = broadcast_rows.mark_sent, iter([True, False, True, True, False, False, False, False])

    async def mark_sent(*words: object, **more: object) -> bool:
        if next(away, False):
            raise StoreUnavailable("away")
        return await update_key(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(broadcast_rows, "mark_sent", mark_sent)
    await send(house)
    assert (await now_of(broadcast)).counts == {"sent": 5}
    assert [await copies(house, person) for person in people] == [1] * 5


async def test_an_interrupted_walk_over_the_subscribers_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await subscribers(house, 7)
    monkeypatch.setattr(broadcast_sending, "PAGE", 2)
    broadcast = await planned(house)
    begun = await broadcast_ops.start(broadcast, house.base.clock.now())
    assert begun is not None
    # killed between the rows of the second page and the cursor
    await broadcast_rows.add_recipients(broadcast.id, people[:2])
    await broadcast_ops.record_cursor(broadcast.id, people[1], is_filled=False)
    await broadcast_rows.add_recipients(broadcast.id, people[2:3])
    await send(house)
    assert await states(broadcast) == dict.fromkeys(people, "sent")
    assert [await copies(house, person) for person in people] == [1] * 7
