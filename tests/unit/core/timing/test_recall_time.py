"""How old the copies of a broadcast are at their deletion, on both sides of Telegram's 48 hours."""

from datetime import UTC, datetime, timedelta

import pytest

from core.broadcasts import Broadcast, BroadcastStatus, RecipientState
from core.jobs import JobOutcome, JobRun
from core.timing.recall_time import (
    MEASURED_MIN,
    is_too_late,
    measured_rate,
    oldest_at_deletion,
    oldest_at_recall,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("recipients", "send_per_s", "delete_per_s", "lifetime", "hours"),
    [
        # as fast as they were sent: each is deleted when it is due
        (100, 29.3, 29.3, 10 * MINUTE, 1 / 6),
        (1_000_000, 29.3, 29.3, 47 * HOUR, 47),
        # sending takes longer than they stay: deletions near the limit go first
        (6_000_000, 29.3, 29.3, 47 * HOUR, 47),
        # a third as fast: the last of n is n * (1/10 - 1/29.3) seconds late
        (50_000, 29.3, 10, 47 * HOUR, 47.92),
        (100_000, 29.3, 10, 47 * HOUR, 48.83),
        (1_000_000, 29.3, 10, 47 * HOUR, 65.30),
        (1_000_000, 29.3, 10, 10 * HOUR, 28.3),
    ],
)
def test_the_oldest_copy_waits_for_those_before_it(
    recipients: int, send_per_s: float, delete_per_s: float, lifetime: timedelta, hours: float
) -> None:
    age = oldest_at_deletion(recipients, send_per_s, delete_per_s, lifetime)
    assert age / HOUR == pytest.approx(hours, rel=0.01)
    assert is_too_late(age) == (hours > 48)


def test_a_recall_by_hand_counts_from_now() -> None:
    known = {
        "id": "a", "key": "a", "title": "a", "source_chat_id": -1, "message_ids": (1,), "created_by": 1,
        "created_at": NOW, "send_at": NOW, "progress_chat_id": 1, "status": BroadcastStatus.SENT,
        "started_at": NOW - 40 * HOUR, "finished_at": NOW - 30 * HOUR,
        "counts": {RecipientState.SENT: 360_000, RecipientState.BLOCKED: 10**6},
    }  # fmt: skip
    broadcast = Broadcast.model_validate(known)
    assert oldest_at_recall(broadcast, 10, NOW) == 40 * HOUR, "360,000 take 10 hours"
    assert oldest_at_recall(broadcast, 5, NOW) == 50 * HOUR
    assert oldest_at_recall(broadcast, 10, NOW + 8 * HOUR) == 48 * HOUR, "the first copies are that old already"


def run(count: int, seconds: float | None) -> JobRun:
    finished = None if seconds is None else NOW + timedelta(seconds=seconds)
    usual = {"id": "1", "job": "x", "scheduled_at": NOW, "started_at": NOW, "owner": "a"}
    return JobRun.model_validate(
        usual | {"outcome": JobOutcome.SUCCEEDED, "finished_at": finished, "counts": {"sent": count}}
    )


def test_the_rate_is_measured_over_long_runs_only() -> None:
    assert measured_rate([], "sent") is None
    assert measured_rate([run(MEASURED_MIN - 1, 1), run(10**6, None)], "sent") is None
    assert measured_rate([run(MEASURED_MIN, 0)], "sent") is None
    assert measured_rate([run(1, 300), run(3_000, 100), run(1_000, 100)], "sent") == 20
    assert measured_rate([run(3_000, 100)], "deleted") is None
