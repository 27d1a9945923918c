"""How a run gets its row: of a tick, by hand, asked for from elsewhere, or of a tick whose owner vanished."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock
from core.jobs import JobOutcome
from core.retries import LONG_S, SHORT_S
from database.operations import lease_ops, run_ops
from schedulers.leases import TTL

PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to be run once, and why."""

    job: str
    #: the planned instant; None: by hand
    scheduled_at: datetime | None = None
    requested_by: int | str | None = None
    #: the row that waits for somebody to begin it
    run_id: str | None = None
    #: somebody wants it now, paused or not
    ignores_pause: bool = False

    @property
    def pauses_s(self) -> Sequence[float]:
        """How long its beginning waits for the database: whoever runs something by hand wants to know at once."""
        if self.scheduled_at is not None:
            return LONG_S
        return SHORT_S if self.run_id is not None else ()


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """It is not run here and now."""

    reason: str | None = None
    #: when to look whether whoever is at it ended it; None: there is nothing to wait for
    retry_at: datetime | None = None


async def why_not_ours(call: RunRequest, now: datetime) -> NotAdmitted:
    """Why the lease of its job was not to be had."""
    lease = await lease_ops.find(call.job)
    if lease is None:
        return NotAdmitted("another was first", now)
    if lease.paused_at is not None and not call.ignores_pause:
        return NotAdmitted(PAUSED)
    if lease.owner is None or lease.until is None:
        return NotAdmitted("another was first", now)
    return NotAdmitted(f"{lease.owner} has it", min(lease.until, now + TTL))


async def begin(call: RunRequest, owner: str, fence: int, clock: Clock) -> str | NotAdmitted:
    """Write the row of a run that holds the lease `fence`, and give up those that have lost theirs; the row's id.

    May be repeated by the same owner, but for a run by hand. Raises StoreUnavailable.
    """
    now = clock.now()
    if call.run_id is not None:
        begun = await run_ops.start_requested(call.run_id, owner, now, fence)
        await run_ops.abandon_before(call.job, fence, now)
        return call.run_id if begun else NotAdmitted("another was first")
    run_id = await run_ops.start_run(call.job, call.scheduled_at, owner, now, call.requested_by, fence)
    # after our own row: whoever lost the lease and wakes up cannot get this tick between the two
    await run_ops.abandon_before(call.job, fence, now)
    if run_id is not None or call.scheduled_at is None:
        return run_id or NotAdmitted()
    return await _take_over(call.job, call.scheduled_at, owner, fence, now)


async def _take_over(job: str, scheduled_at: datetime, owner: str, fence: int, now: datetime) -> str | NotAdmitted:
    """The tick has a row. When its owner vanished its work is done once more, and only once."""
    tick = await run_ops.find_tick(job, scheduled_at)
    if tick is None or tick.outcome is None:
        # pruned this moment; or begun under a later lease than ours
        return NotAdmitted("another has begun it", now + TTL)
    if tick.outcome is not JobOutcome.ABANDONED:
        return NotAdmitted()
    return await run_ops.start_takeover(job, scheduled_at, owner, now, fence) or NotAdmitted("it was taken over before")
