"""Whether a broadcast can be deleted before Telegram's 48 hours, by the rates its latest runs had."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.broadcasts import Broadcast
from core.timing.recall_time import is_too_late, measured_rate, oldest_at_deletion, oldest_at_recall
from database.operations import run_ops

#: latest runs of a job that are looked at
RUNS = 50
#: the jobs that send and delete, and what they count
SENDER, SENT = "broadcast_sender", "sent"
DELETER, DELETED = "broadcast_deleter", "deleted"


@dataclass(frozen=True, slots=True)
class TooLate:
    """Copies would be older than 48 hours when their turn comes."""

    #: of the oldest one
    age: timedelta
    #: copies deleted a second
    rate_per_s: float


async def find_too_late(recipients: int, calls_each: int, lifetime_minutes: int, rate_per_s: float) -> TooLate | None:
    """Return how late the deletion would be; None when it is in time, or nothing is to be deleted.

    `rate_per_s`: the configured rate of calls, for what was not measured yet. Raises StoreUnavailable.
    """
    if not lifetime_minutes or not recipients:
        return None
    sent = measured_rate(await run_ops.last_runs(RUNS, SENDER), SENT)
    deleted = await _deleted_per_s(rate_per_s)
    send_per_s = min(sent or rate_per_s, rate_per_s / calls_each)
    age = oldest_at_deletion(recipients, send_per_s, deleted, timedelta(minutes=lifetime_minutes))
    return TooLate(age, deleted) if is_too_late(age) else None


async def find_too_late_now(broadcast: Broadcast, now: datetime, rate_per_s: float) -> TooLate | None:
    """Return how late the deletion of all copies would be that is requested now; None when it is in time.

    Raises StoreUnavailable.
    """
    deleted = await _deleted_per_s(rate_per_s)
    age = oldest_at_recall(broadcast, deleted, now)
    return TooLate(age, deleted) if is_too_late(age) else None


async def _deleted_per_s(rate_per_s: float) -> float:
    return measured_rate(await run_ops.last_runs(RUNS, DELETER), DELETED) or rate_per_s
