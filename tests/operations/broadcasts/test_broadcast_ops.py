"""Broadcasts and their changes of status by admins, the sender and the deleter, also by two processes at once."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from core.broadcasts import ENDED, UNFINISHED, Broadcast, BroadcastStatus, LinkButton
from core.segments import Segment, SegmentKind
from database.connection import Database
from database.operations import broadcast_ops
from tests.operations.broadcasts.broadcasting import MINUTE, MS, brought_to, news, planned, reload, started

LATER = timedelta(hours=1)
NOBODY = "0" * 24
QUEUED, SENDING, PAUSED = UNFINISHED
SENT, CANCELLED, FAILED = ENDED
RECALLING, RECALLED = BroadcastStatus.RECALLING, BroadcastStatus.RECALLED


# --- created once


async def test_a_new_broadcast_is_stored_as_composed(db: Database, now: datetime) -> None:
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
    assert await reload(broadcast.id) == broadcast
    assert {name: getattr(broadcast, name) for name in type(new).model_fields} == dict(new)
    assert (broadcast.status, broadcast.is_shown, broadcast.counts) == (QUEUED, False, {})
    assert (broadcast.started_at, broadcast.delete_at, broadcast.finished_at) == (None, None, None)


async def test_times_are_stored_in_milliseconds(db: Database, now: datetime) -> None:
    broadcast, _ = await broadcast_ops.create(news(now + timedelta(microseconds=999)))
    assert broadcast.send_at == now
    assert await reload(broadcast.id) == broadcast


async def test_a_draft_confirmed_twice_is_one_broadcast(db: Database, now: datetime) -> None:
    first, is_new = await broadcast_ops.create(news(now))
    again, is_new_again = await broadcast_ops.create(news(now + LATER, title="Other"))

    assert (is_new, is_new_again) == (True, False)
    assert again == first
    assert await broadcast_ops.find_by_key("draft") == first
    assert await broadcast_ops.find_by_key("another") is None
    assert await db.collection("broadcasts").count({}) == 1


async def test_a_draft_confirmed_again_after_sending_returns_the_sent_broadcast(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.create(news(now + LATER)) == (broadcast, False)


# --- the next broadcast to send


async def test_a_broadcast_is_next_at_its_time_and_not_before(db: Database, now: datetime) -> None:
    broadcast = await planned(now)
    assert await broadcast_ops.find_next(now - MS) is None
    assert await broadcast_ops.find_next(now) == broadcast


async def test_a_broadcast_being_sent_comes_first_then_the_earliest_planned(db: Database, now: datetime) -> None:
    late, early = await planned(now, "late"), await planned(now - LATER, "early")
    assert await broadcast_ops.find_next(now) == early
    started_late = await broadcast_ops.start(late, now)
    assert await broadcast_ops.find_next(now) == started_late
    await broadcast_ops.pause(late.id)
    assert await broadcast_ops.find_next(now) == early


@pytest.mark.parametrize("status", [PAUSED, *ENDED, RECALLING, RECALLED])
async def test_a_paused_or_ended_broadcast_is_never_next(db: Database, now: datetime, status: BroadcastStatus) -> None:
    await brought_to(status, now)
    assert await broadcast_ops.find_next(now + LATER) is None


async def test_a_start_records_its_time_and_when_copies_are_due(db: Database, now: datetime) -> None:
    for_good, for_an_hour = await started(now, "a"), await started(now, "b", lifetime_minutes=60)
    assert (for_good.status, for_good.started_at, for_good.delete_at) == (SENDING, now, None)
    assert (for_an_hour.started_at, for_an_hour.delete_at) == (now, now + LATER)


@pytest.mark.parametrize(("lifetime", "after", "ends"), [(10, 10 * MINUTE, FAILED), (10, 10 * MINUTE - MS, SENDING)])
async def test_a_late_broadcast_is_sent_while_its_lifetime_has_not_passed(
    db: Database, now: datetime, lifetime: int, after: timedelta, ends: BroadcastStatus
) -> None:
    broadcast = await started_late(now, after, lifetime_minutes=lifetime)
    assert broadcast.status is ends
    assert (broadcast.error is None, broadcast.finished_at is None) == (ends is SENDING, ends is SENDING)
    assert (broadcast.delete_at is None) == (ends is FAILED)


async def test_a_broadcast_without_a_lifetime_is_never_too_late(db: Database, now: datetime) -> None:
    assert (await started_late(now, timedelta(days=30))).status is SENDING


async def started_late(now: datetime, after: timedelta, lifetime_minutes: int = 0) -> Broadcast:
    made = await planned(now, lifetime_minutes=lifetime_minutes)
    broadcast = await broadcast_ops.start(made, now + after)
    assert broadcast is not None
    assert broadcast == await reload(broadcast.id)
    return broadcast


async def test_a_resumed_broadcast_keeps_its_start_time(db: Database, now: datetime) -> None:
    broadcast = await started(now, lifetime_minutes=10)
    await broadcast_ops.pause(broadcast.id)
    resumed = await broadcast_ops.resume(broadcast.id)
    assert resumed is not None
    resumed_again = await broadcast_ops.start(resumed, now + LATER)

    assert resumed_again is not None
    assert (resumed_again.status, resumed_again.started_at) == (SENDING, now)
    assert resumed_again.delete_at == now + 10 * MINUTE


async def test_a_caller_with_an_outdated_broadcast_does_not_start_it_again(db: Database, now: datetime) -> None:
    read = await planned(now)
    await broadcast_ops.start(read, now)
    await broadcast_ops.pause(read.id)
    await broadcast_ops.resume(read.id)

    assert await broadcast_ops.start(read, now + LATER) is None
    current = await reload(read.id)
    assert (current.status, current.started_at) == (QUEUED, now)


async def test_a_cancel_between_reading_and_starting_wins(db: Database, now: datetime) -> None:
    broadcast = await planned(now)
    assert await broadcast_ops.cancel(broadcast.id, now) is not None
    assert await broadcast_ops.start(broadcast, now) is None
    assert (await reload(broadcast.id)).status is CANCELLED


async def test_of_two_starts_one_succeeds(db: Database, now: datetime) -> None:
    broadcast = await planned(now)
    assert await broadcast_ops.start(broadcast, now) is not None
    assert await broadcast_ops.start(broadcast, now + MS) is None
    assert (await reload(broadcast.id)).started_at == now


# --- progress


async def test_the_cursor_is_kept_when_the_last_page_is_empty(db: Database, now: datetime) -> None:
    broadcast = await started(now)
    assert await broadcast_ops.record_cursor(broadcast.id, 7, is_filled=False)
    assert await broadcast_ops.record_cursor(broadcast.id, None, is_filled=True)
    current = await reload(broadcast.id)
    assert (current.cursor, current.is_filled) == (7, True)


async def test_recording_counts_returns_the_status_set_by_admins(db: Database, now: datetime) -> None:
    broadcast = await started(now)
    await broadcast_ops.pause(broadcast.id)
    db.calls.clear()
    noted = await broadcast_ops.record_counts(broadcast.id, {"sent": 4})

    assert noted is not None
    assert (noted.status, noted.counts) == (PAUSED, {"sent": 4})
    assert dict(db.calls) == {"find_one_and_update broadcasts": 1}


@pytest.mark.parametrize("status", [SENT, FAILED, RECALLING, RECALLED])
async def test_a_sender_that_lost_its_lease_does_not_overwrite_final_counts(
    db: Database, now: datetime, status: BroadcastStatus
) -> None:
    broadcast = await brought_to(status, now)
    seen = await broadcast_ops.record_counts(broadcast.id, {"sent": 4})
    assert seen == broadcast == await reload(broadcast.id)


async def test_the_last_counts_of_a_cancelled_broadcast_are_shown(db: Database, now: datetime) -> None:
    broadcast = await brought_to(CANCELLED, now)
    assert await broadcast_ops.mark_shown(broadcast.id, CANCELLED)
    assert await broadcast_ops.record_counts(broadcast.id, {"sent": 4}) is not None
    assert [shown.counts for shown in await broadcast_ops.find_not_shown(9)] == [{"sent": 4}]


async def test_the_end_of_sending_is_recorded_once(db: Database, now: datetime) -> None:
    broadcast = await started(now)
    ended = await broadcast_ops.finish(broadcast.id, FAILED, now, {"failed": 3}, "The file is gone.")
    assert ended is not None
    assert (ended.status, ended.finished_at, ended.error) == (FAILED, now, "The file is gone.")
    assert await broadcast_ops.finish(broadcast.id, SENT, now + MS, {"sent": 1}) is None
    assert await reload(broadcast.id) == ended


# --- decisions of admins

Change = Callable[[str, datetime], Awaitable[Broadcast | None]]
CHANGES: dict[str, tuple[Change, tuple[BroadcastStatus, ...], BroadcastStatus]] = {
    "pause": (lambda b, now: broadcast_ops.pause(b), (SENDING,), PAUSED),
    "resume": (lambda b, now: broadcast_ops.resume(b), (PAUSED,), QUEUED),
    "cancel": (broadcast_ops.cancel, UNFINISHED, CANCELLED),
    "finish": (lambda b, now: broadcast_ops.finish(b, SENT, now, {}), (SENDING,), SENT),
    "request_recall": (broadcast_ops.request_recall, (*ENDED, RECALLING), RECALLING),
}


@pytest.mark.parametrize("status", list(BroadcastStatus))
@pytest.mark.parametrize("name", CHANGES)
async def test_a_status_changes_only_from_allowed_statuses(
    db: Database, now: datetime, name: str, status: BroadcastStatus
) -> None:
    change, may_be, becomes = CHANGES[name]
    broadcast = await brought_to(status, now)
    await broadcast_ops.mark_shown(broadcast.id, status)
    changed = await change(broadcast.id, now)

    current = await reload(broadcast.id)
    if status in may_be:
        assert changed == current
        assert (current.status, current.is_shown) == (becomes, False)
    else:
        assert changed is None
        assert (current.status, current.is_shown) == (status, True)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("forged", [NOBODY, "x", "../../etc", ""])
async def test_a_forged_id_changes_nothing(db: Database, now: datetime, name: str, forged: str) -> None:
    await started(now)
    assert await CHANGES[name][0](forged, now) is None
    assert await broadcast_ops.find(forged) is None
    assert await broadcast_ops.record_counts(forged, {"sent": 1}) is None
    assert not await broadcast_ops.set_progress_message(forged, 1, 1)


async def test_of_a_cancel_and_the_end_the_first_wins(db: Database, now: datetime) -> None:
    broadcast = await started(now)
    assert await broadcast_ops.cancel(broadcast.id, now) is not None
    assert await broadcast_ops.finish(broadcast.id, SENT, now, {"sent": 1}) is None
    assert (await reload(broadcast.id)).status is CANCELLED


async def test_a_broadcast_paused_just_before_its_end_can_be_resumed_and_ended(db: Database, now: datetime) -> None:
    broadcast = await started(now)
    await broadcast_ops.pause(broadcast.id)
    assert await broadcast_ops.finish(broadcast.id, SENT, now, {}) is None
    resumed = await broadcast_ops.resume(broadcast.id)
    assert resumed is not None
    assert await broadcast_ops.start(resumed, now) is not None
    assert await broadcast_ops.finish(broadcast.id, SENT, now, {}) is not None


@pytest.mark.parametrize(("after", "is_possible"), [(timedelta(hours=48) - MS, True), (timedelta(hours=48), False)])
async def test_a_recall_can_be_requested_for_48_hours(
    db: Database, now: datetime, after: timedelta, is_possible: bool
) -> None:
    broadcast = await brought_to(SENT, now)
    wanted = await broadcast_ops.request_recall(broadcast.id, now + after)
    assert (wanted is not None) is is_possible
    current = await reload(broadcast.id)
    assert (current.is_recall_wanted, current.delete_at) == (is_possible, now + after if is_possible else None)


async def test_a_broadcast_without_rows_cannot_be_recalled(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.mark_rows_removed(broadcast.id, {"sent": 2})
    assert not await broadcast_ops.mark_rows_removed(broadcast.id, {"sent": 0})
    assert await broadcast_ops.request_recall(broadcast.id, now) is None
    assert (await reload(broadcast.id)).counts == {"sent": 2}


# --- progress message and lists


async def test_a_broadcast_is_not_shown_until_its_last_edit_was_made(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    assert await broadcast_ops.find_not_shown(9) == [broadcast]
    assert not await broadcast_ops.mark_shown(broadcast.id, SENDING)
    assert await broadcast_ops.find_not_shown(9) == [broadcast]
    assert await broadcast_ops.mark_shown(broadcast.id, SENT)
    assert await broadcast_ops.find_not_shown(9) == []
    assert await broadcast_ops.mark_recalling(broadcast.id)
    assert not await broadcast_ops.mark_shown(broadcast.id, SENT)
    assert [shown.status for shown in await broadcast_ops.find_not_shown(9)] == [RECALLING]


async def test_in_another_progress_message_it_is_shown_again(db: Database, now: datetime) -> None:
    broadcast = await brought_to(SENT, now)
    await broadcast_ops.mark_shown(broadcast.id, SENT)
    assert await broadcast_ops.set_progress_message(broadcast.id, 7, 8)
    (shown,) = await broadcast_ops.find_not_shown(9)
    assert (shown.progress_chat_id, shown.progress_message_id) == (7, 8)


async def test_broadcasts_are_listed_latest_first_and_bounded(db: Database, now: datetime) -> None:
    made = [await planned(now + number * MS, str(number)) for number in range(5)]
    assert await broadcast_ops.last(2) == [made[4], made[3]]
    assert await broadcast_ops.last(2, skip=2) == [made[2], made[1]]


async def test_unfinished_broadcasts_are_found_in_planned_order(db: Database, now: datetime) -> None:
    late, early = await planned(now + LATER, "late"), await planned(now, "early")
    await brought_to(SENT, now, "sent")
    await brought_to(PAUSED, now + MS, "paused")
    found = await broadcast_ops.find_unfinished(9)
    assert [broadcast.key for broadcast in found] == ["early", "paused", "late"]
    assert await broadcast_ops.find_unfinished(1) == [early]
    assert found[2] == late
