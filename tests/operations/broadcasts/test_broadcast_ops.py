"""What stands about a broadcast, and who may change it: admins, the sender, the deleter, two processes at once."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, LinkButton
from core.segments import Segment, SegmentKind
from database.connection import Database
from database.operations import broadcast_ops
from tests.operations.broadcasts.broadcasting import MINUTE, MS, begun, brought_to, look, news, planned

LATER = timedelta(hours=1)
NOBODY = "0" * 24
QUEUED, SENDING, PAUSED = UNFINISHED
SENT, CANCELLED, FAILED = ENDED
RECALLING, RECALLED = BroadcastStatus.RECALLING, BroadcastStatus.RECALLED


# --- made once


async def test_what_was_put_together_is_what_stands(db: Database, now: datetime) -> None:
    new = news(
        now,
        message_ids=(5, 6),
        buttons=(LinkButton(text="Go", url="https://example.org"),),
        segment=Segment(kind=SegmentKind.LANGUAGE, language="pt-br"),
        send_at=now + LATER,
        lifetime_minutes=10,
    )
    broadcast, is_new = await broadcast_ops.create(new)

    assert is_new
    assert await look(broadcast.id) == broadcast
    assert {name: getattr(broadcast, name) for name in type(new).model_fields} == dict(new)
    assert (broadcast.status, broadcast.is_shown, broadcast.counts) == (QUEUED, False, {})
    assert (broadcast.started_at, broadcast.delete_at, broadcast.finished_at) == (None, None, None)


async def test_times_are_what_the_store_keeps(db: Database, now: datetime) -> None:
    broadcast, _ = await broadcast_ops.create(news(now + timedelta(microseconds=999)))
    assert broadcast.send_at == now
    assert await look(broadcast.id) == broadcast


async def test_a_draft_confirmed_twice_is_one_broadcast(db: Database, now: datetime) -> None:
    first, is_new = await broadcast_ops.create(news(now))
    again, is_new_again = await broadcast_ops.create(news(now + LATER, title="Other"))

    assert (is_new, is_new_again) == (True, False)
    assert again == first
    assert await broadcast_ops.find_by_key("draft") == first
    assert await broadcast_ops.find_by_key("another") is None
    assert await db.collection("broadcasts").count({}) == 1


async def test_confirmed_again_when_it_has_long_been_sent_it_is_as_it_stands(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.create(news(now + LATER)) == (broadcast, False)


# --- whose turn it is


async def test_its_turn_comes_at_its_time_and_not_before(db: Database, now: datetime) -> None:
    broadcast = await planned(now)
    assert await broadcast_ops.find_next(now - MS) is None
    assert await broadcast_ops.find_next(now) == broadcast


async def test_half_sent_comes_first_then_the_earliest_planned(db: Database, now: datetime) -> None:
    late, early = await planned(now, "late"), await planned(now - LATER, "early")
    assert await broadcast_ops.find_next(now) == early
    begun_late = await broadcast_ops.start(late, now)
    assert await broadcast_ops.find_next(now) == begun_late
    await broadcast_ops.pause(late.id)
    assert await broadcast_ops.find_next(now) == early


@pytest.mark.parametrize("status", [PAUSED, *ENDED, RECALLING, RECALLED])
async def test_what_is_paused_or_over_has_no_turn(db: Database, now: datetime, status: BroadcastStatus) -> None:
    await brought_to(status, now)
    assert await broadcast_ops.find_next(now + LATER) is None


async def test_a_beginning_is_written_down_with_the_first_time_something_is_due(db: Database, now: datetime) -> None:
    for_good, for_an_hour = await begun(now, "a"), await begun(now, "b", lifetime_minutes=60)
    assert (for_good.status, for_good.started_at, for_good.delete_at) == (SENDING, now, None)
    assert (for_an_hour.started_at, for_an_hour.delete_at) == (now, now + LATER)


@pytest.mark.parametrize(("lifetime", "after", "ends"), [(10, 10 * MINUTE, FAILED), (10, 10 * MINUTE - MS, SENDING)])
async def test_a_missed_time_is_made_good_while_its_copies_would_still_stand(
    db: Database, now: datetime, lifetime: int, after: timedelta, ends: BroadcastStatus
) -> None:
    broadcast = await begun_late(now, after, lifetime_minutes=lifetime)
    assert broadcast.status is ends
    assert (broadcast.error is None, broadcast.finished_at is None) == (ends is SENDING, ends is SENDING)
    assert (broadcast.delete_at is None) == (ends is FAILED)


async def test_what_stays_for_good_is_never_too_late(db: Database, now: datetime) -> None:
    assert (await begun_late(now, timedelta(days=30))).status is SENDING


async def begun_late(now: datetime, after: timedelta, lifetime_minutes: int = 0) -> Broadcast:
    made = await planned(now, lifetime_minutes=lifetime_minutes)
    broadcast = await broadcast_ops.start(made, now + after)
    assert broadcast is not None
    assert broadcast == await look(broadcast.id)
    return broadcast


async def test_what_goes_on_keeps_its_beginning(db: Database, now: datetime) -> None:
    broadcast = await begun(now, lifetime_minutes=10)
    await broadcast_ops.pause(broadcast.id)
    resumed = await broadcast_ops.resume(broadcast.id)
    assert resumed is not None
    going_on = await broadcast_ops.start(resumed, now + LATER)

    assert going_on is not None
    assert (going_on.status, going_on.started_at) == (SENDING, now)
    assert going_on.delete_at == now + 10 * MINUTE


async def test_who_read_it_before_it_was_begun_paused_and_resumed_does_not_begin_it_anew(
    db: Database, now: datetime
) -> None:
    read = await planned(now)
    await broadcast_ops.start(read, now)
    await broadcast_ops.pause(read.id)
    await broadcast_ops.resume(read.id)

    assert await broadcast_ops.start(read, now + LATER) is None
    stands = await look(read.id)
    assert (stands.status, stands.started_at) == (QUEUED, now)


async def test_a_cancel_between_reading_and_beginning_wins(db: Database, now: datetime) -> None:
    broadcast = await planned(now)
    assert await broadcast_ops.cancel(broadcast.id, now) is not None
    assert await broadcast_ops.start(broadcast, now) is None
    assert (await look(broadcast.id)).status is CANCELLED


async def test_begun_by_one_of_two(db: Database, now: datetime) -> None:
    broadcast = await planned(now)
    assert await broadcast_ops.start(broadcast, now) is not None
    assert await broadcast_ops.start(broadcast, now + MS) is None
    assert (await look(broadcast.id)).started_at == now


# --- how far it is


async def test_the_cursor_stays_where_a_last_empty_page_leaves_it(db: Database, now: datetime) -> None:
    broadcast = await begun(now)
    assert await broadcast_ops.record_cursor(broadcast.id, 7, is_filled=False)
    assert await broadcast_ops.record_cursor(broadcast.id, None, is_filled=True)
    stands = await look(broadcast.id)
    assert (stands.cursor, stands.is_filled) == (7, True)


async def test_counts_are_noted_and_what_admins_want_is_seen(db: Database, now: datetime) -> None:
    broadcast = await begun(now)
    await broadcast_ops.pause(broadcast.id)
    db.calls.clear()
    noted = await broadcast_ops.record_counts(broadcast.id, {"sent": 4})

    assert noted is not None
    assert (noted.status, noted.counts) == (PAUSED, {"sent": 4})
    assert dict(db.calls) == {"find_one_and_update broadcasts": 1}


@pytest.mark.parametrize("status", [SENT, FAILED, RECALLING, RECALLED])
async def test_a_sender_that_lost_its_lease_does_not_write_over_the_last_counts(
    db: Database, now: datetime, status: BroadcastStatus
) -> None:
    broadcast = await brought_to(status, now)
    seen = await broadcast_ops.record_counts(broadcast.id, {"sent": 4})
    assert seen == broadcast == await look(broadcast.id)


async def test_the_last_counts_of_a_cancelled_one_are_shown_too(db: Database, now: datetime) -> None:
    broadcast = await brought_to(CANCELLED, now)
    assert await broadcast_ops.mark_shown(broadcast.id, CANCELLED)
    assert await broadcast_ops.record_counts(broadcast.id, {"sent": 4}) is not None
    assert [shown.counts for shown in await broadcast_ops.find_not_shown(9)] == [{"sent": 4}]


async def test_the_end_of_sending_is_written_once(db: Database, now: datetime) -> None:
    broadcast = await begun(now)
    ended = await broadcast_ops.finish(broadcast.id, FAILED, now, {"failed": 3}, "The file is gone.")
    assert ended is not None
    assert (ended.status, ended.finished_at, ended.error) == (FAILED, now, "The file is gone.")
    assert await broadcast_ops.finish(broadcast.id, SENT, now + MS, {"sent": 1}) is None
    assert await look(broadcast.id) == ended


# --- what admins want

Change = Callable[[str, datetime], Awaitable[Broadcast | None]]
CHANGES: dict[str, tuple[Change, tuple[BroadcastStatus, ...], BroadcastStatus]] = {
    "pause": (lambda b, now: broadcast_ops.pause(b), (SENDING,), PAUSED),
    "resume": (lambda b, now: broadcast_ops.resume(b), (PAUSED,), QUEUED),
    "cancel": (broadcast_ops.cancel, UNFINISHED, CANCELLED),
    "finish": (lambda b, now: broadcast_ops.finish(b, SENT, now, {}), (SENDING,), SENT),
    "want_recall": (broadcast_ops.request_recall, (*ENDED, RECALLING), RECALLING),
}


@pytest.mark.parametrize("status", list(BroadcastStatus))
@pytest.mark.parametrize("name", CHANGES)
async def test_a_status_changes_only_from_where_it_may(
    db: Database, now: datetime, name: str, status: BroadcastStatus
) -> None:
    change, may_be, becomes = CHANGES[name]
    broadcast = await brought_to(status, now)
    await broadcast_ops.mark_shown(broadcast.id, status)
    changed = await change(broadcast.id, now)

    stands = await look(broadcast.id)
    if status in may_be:
        assert changed == stands
        assert (stands.status, stands.is_shown) == (becomes, False)
    else:
        assert changed is None
        assert (stands.status, stands.is_shown) == (status, True)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("forged", [NOBODY, "x", "../../etc", ""])
async def test_a_forged_id_changes_nothing(db: Database, now: datetime, name: str, forged: str) -> None:
    await begun(now)
    assert await CHANGES[name][0](forged, now) is None
    assert await broadcast_ops.find(forged) is None
    assert await broadcast_ops.record_counts(forged, {"sent": 1}) is None
    assert not await broadcast_ops.set_progress_message(forged, 1, 1)


async def test_whoever_is_first_of_cancel_and_the_end_wins(db: Database, now: datetime) -> None:
    broadcast = await begun(now)
    assert await broadcast_ops.cancel(broadcast.id, now) is not None
    assert await broadcast_ops.finish(broadcast.id, SENT, now, {"sent": 1}) is None
    assert (await look(broadcast.id)).status is CANCELLED


async def test_pausing_just_before_the_end_leaves_it_to_be_resumed_and_ended(db: Database, now: datetime) -> None:
    broadcast = await begun(now)
    await broadcast_ops.pause(broadcast.id)
    assert await broadcast_ops.finish(broadcast.id, SENT, now, {}) is None
    resumed = await broadcast_ops.resume(broadcast.id)
    assert resumed is not None
    assert await broadcast_ops.start(resumed, now) is not None
    assert await broadcast_ops.finish(broadcast.id, SENT, now, {}) is not None


@pytest.mark.parametrize(("after", "is_possible"), [(timedelta(hours=48) - MS, True), (timedelta(hours=48), False)])
async def test_all_is_taken_back_as_long_as_telegram_deletes(
    db: Database, now: datetime, after: timedelta, is_possible: bool
) -> None:
    broadcast = await brought_to(SENT, now)
    wanted = await broadcast_ops.request_recall(broadcast.id, now + after)
    assert (wanted is not None) is is_possible
    stands = await look(broadcast.id)
    assert (stands.is_recall_wanted, stands.delete_at) == (is_possible, now + after if is_possible else None)


async def test_without_its_rows_nothing_is_taken_back(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.mark_rows_removed(broadcast.id, {"sent": 2})
    assert not await broadcast_ops.mark_rows_removed(broadcast.id, {"sent": 0})
    assert await broadcast_ops.request_recall(broadcast.id, now) is None
    assert (await look(broadcast.id)).counts == {"sent": 2}


# --- what is shown


async def test_the_last_edit_is_due_until_it_was_made(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.find_not_shown(9) == [broadcast]
    assert not await broadcast_ops.mark_shown(broadcast.id, SENDING)
    assert await broadcast_ops.find_not_shown(9) == [broadcast]
    assert await broadcast_ops.mark_shown(broadcast.id, SENT)
    assert await broadcast_ops.find_not_shown(9) == []
    assert await broadcast_ops.mark_recalling(broadcast.id)
    assert not await broadcast_ops.mark_shown(broadcast.id, SENT)
    assert [shown.status for shown in await broadcast_ops.find_not_shown(9)] == [RECALLING]


async def test_in_another_message_it_is_to_be_shown_again(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    await broadcast_ops.mark_shown(broadcast.id, SENT)
    assert await broadcast_ops.set_progress_message(broadcast.id, 7, 8)
    (shown,) = await broadcast_ops.find_not_shown(9)
    assert (shown.progress_chat_id, shown.progress_message_id) == (7, 8)


async def test_the_list_is_bounded_and_the_latest_first(db: Database, now: datetime) -> None:
    made = [await planned(now + number * MS, str(number)) for number in range(5)]
    assert await broadcast_ops.last(2) == [made[4], made[3]]
    assert await broadcast_ops.last(2, skip=2) == [made[2], made[1]]


async def test_the_unfinished_come_as_they_are_planned(db: Database, now: datetime) -> None:
    late, early = await planned(now + LATER, "late"), await planned(now, "early")
    await brought_to(SENT, now, "sent")
    await brought_to(PAUSED, now + MS, "paused")
    found = await broadcast_ops.find_unfinished(9)
    assert [broadcast.key for broadcast in found] == ["early", "paused", "late"]
    assert await broadcast_ops.find_unfinished(1) == [early]
    assert found[2] == late
