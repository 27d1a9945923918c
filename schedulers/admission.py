"""How a run gets its row: for a tick, by hand, for a request, or for a tick whose owner vanished."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock
from core.health.clocks import difference_in_words, is_too_far
from core.jobs import JobOutcome, JobRun
from core.retries import LONG_S, SHORT_S
from database.connection import current_database
from database.operations import lease_ops, run_ops
from schedulers.leases import TTL

PAUSED = "paused"
#: `requested_by` of a run that was started because work is due
WHEN_DUE = "due"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run to start, and why."""

    #: the planned instant; None: by hand, or because work is due
    scheduled_at: datetime | None = None
    requested_by: int | str | None = None
    #: the row that waits to be started
    run_id: str | None = None
    #: it starts although the job is paused
    ignores_pause: bool = False

    @property
    def pauses_s(self) -> Sequence[float]:
        """Pauses between attempts to start while the database is away; empty: fail at once, the caller waits."""
        if self.scheduled_at is not None:
            return LONG_S
        return SHORT_S if self.run_id is not None else ()


def by_hand(requested_by: int | str = "hand") -> RunRequest:
    """Return a request to run now, paused or not."""
    return RunRequest(requested_by=requested_by, ignores_pause=True)


def for_row(row: JobRun) -> RunRequest:
    """Return a request to start the run that `row` waits for, paused or not."""
    return RunRequest(requested_by=row.requested_by, run_id=row.id, ignores_pause=True)


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """The run does not start in this process now."""

    reason: str | None = None
    #: when to check whether the other run ended; None: there is nothing to wait for
    retry_at: datetime | None = None


async def why_not_admitted(job: str, request: RunRequest, now: datetime) -> NotAdmitted:
    """Return why the lease of `job` could not be taken."""
    clocks = current_database().clocks
    if is_too_far(clocks.ahead):
        return NotAdmitted(difference_in_words(clocks.ahead), now + TTL)
    if clocks.is_settling:
        return NotAdmitted("this machine's clock was set a moment ago", now + TTL)
    lease = await lease_ops.find(job)
    if lease is None:
        return NotAdmitted("another was first", now)
    if lease.paused_at is not None and not request.ignores_pause:
        return NotAdmitted(PAUSED)
    if lease.owner is None or lease.until is None:
        return NotAdmitted("another was first", now)
    return NotAdmitted(f"{lease.owner} has it", min(lease.until, now + TTL))


async def write_row(job: str, request: RunRequest, owner: str, fence: int, clock: Clock) -> str | NotAdmitted:
    """Write the row of a run that holds the lease `fence`; return the row's id. Runs with older fences are abandoned.

    Idempotent for the same owner, except by hand. Raises StoreUnavailable.
    """
    now = clock.now()
    if request.run_id is not None:
        is_started = await run_ops.start_requested(request.run_id, owner, now, fence)
        await run_ops.abandon_before(job, fence, now)
        return request.run_id if is_started else NotAdmitted("another was first")
    run_id = await run_ops.start_run(job, request.scheduled_at, owner, now, request.requested_by, fence)
    # after our own row, so that an owner that lost the lease and resumes cannot take this tick in between
    await run_ops.abandon_before(job, fence, now)
    if run_id is not None or request.scheduled_at is None:
        return run_id or NotAdmitted()
    return await _take_over(job, request.scheduled_at, owner, fence, now)


async def _take_over(job: str, scheduled_at: datetime, owner: str, fence: int, now: datetime) -> str | NotAdmitted:
    """Write a second row for a tick that has one, if its owner vanished: its work is repeated once, and only once."""
    tick = await run_ops.find_tick(job, scheduled_at)
    if tick is None or tick.outcome is None:
        # its row was deleted a moment ago, or started under a later lease than ours
        return NotAdmitted("another has begun it", now + TTL)
    if tick.outcome is not JobOutcome.ABANDONED:
        return NotAdmitted()
    return await run_ops.start_takeover(job, scheduled_at, owner, now, fence) or NotAdmitted("it was taken over before")
