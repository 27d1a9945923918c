"""How old the copies of a broadcast are when they are deleted, by its audience and the measured rates."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.broadcasts import Broadcast, held
from core.delivery import TELEGRAM_DELETE_LIMIT, URGENT_FROM
from core.jobs import JobRun

#: runs with fewer recipients say little about the rate
MEASURED_MIN = 300
#: of calls that broadcasts and deletions share while both have work, the part of deletions (ENGINE §3: 25 to 15)
_DELETION_PART = 0.625
#: slices of the estimate: an error of less than a thousandth
_SLICES = 2_000


def measured_rate(runs: Sequence[JobRun], count: str) -> float | None:
    """Return how many a second a job did, by the `count` of its long runs; None when there is none."""
    done = seconds = 0.0
    for run in runs:
        if run.finished_at is not None and run.counts.get(count, 0) >= MEASURED_MIN:
            done += run.counts[count]
            seconds += (run.finished_at - run.started_at).total_seconds()
    return done / seconds if done and seconds > 0 else None


def oldest_at_deletion(recipients: int, send_per_s: float, delete_per_s: float, lifetime: timedelta) -> timedelta:
    """Return the highest age of a copy when it is deleted, if each is due after `lifetime`.

    While it is still being sent, sending and deleting share one rate; copies that near Telegram's limit go first.
    """
    lifetime_s, urgent_s = lifetime.total_seconds(), URGENT_FROM.total_seconds()
    slice_s = (recipients / send_per_s + recipients / delete_per_s + lifetime_s) / _SLICES
    sent_until = [0.0]
    deleted = oldest_s = 0.0
    following = 0
    for number in range(2 * _SLICES):
        due = sent_until[max(0, min(number - round(lifetime_s / slice_s), number))]
        while following < number and sent_until[following] <= deleted:
            following += 1
        waits, age_s = due - deleted, (number - following) * slice_s
        is_sending = sent_until[-1] < recipients
        part = _DELETION_PART if is_sending and age_s < urgent_s else 1.0
        now_deleted = min(waits, delete_per_s * slice_s * part)
        free = 1.0 - now_deleted / (delete_per_s * slice_s)
        sent_until.append(min(recipients, sent_until[-1] + send_per_s * slice_s * free))
        if now_deleted > 0:
            deleted += now_deleted
            oldest_s = max(oldest_s, age_s)
        if deleted >= 0.9999 * recipients:
            break
    return timedelta(seconds=max(oldest_s, lifetime_s))


def oldest_at_recall(broadcast: Broadcast, delete_per_s: float, now: datetime) -> timedelta:
    """Return the highest age of a copy when it is deleted, if all are from `now` on, the oldest first."""
    started_at = broadcast.started_at or now
    last_sent_at = broadcast.finished_at or now
    needed = timedelta(seconds=held(broadcast.counts) / delete_per_s)
    return max(now - started_at, now - last_sent_at + needed)


def is_too_late(age: timedelta) -> bool:
    """Return whether Telegram deletes no copy of that age."""
    return age >= TELEGRAM_DELETE_LIMIT
