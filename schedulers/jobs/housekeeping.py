"""Old history, what has run out and what belongs to nobody goes: each step bounded, none hiding another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from core.days import start_of_day
from core.jobs import Counts
from database.batches import Bounds
from database.operations import housekeeping_ops, pause_ops, settings_ops
from schedulers import registry
from schedulers.context import JobContext
from schedulers.jobs import inactive_users, orphans
from schedulers.jobs.bulk_deletes import Sweep
from schedulers.runner import Run

log = structlog.get_logger("tollgate.housekeeping")

#: no batch is begun after this many seconds of a run, unless the bounds say otherwise
LONGEST_S = 300.0
#: deliveries are remembered at least this long: Telegram repeats an update for a day, and a promise stands for two
DELIVERIES_KEPT = timedelta(days=2)


#: True when more remains
Step = Callable[[Sweep], Awaitable[bool]]


class Housekeeping:
    """Goes through its steps in order. One that fails is passed over, and its error raised at the end.

    What stays: the audit log, the daily statistics, and broadcasts, whose counts the list of broadcasts shows.
    """

    def __init__(self, bounds: Bounds, zone: ZoneInfo) -> None:
        self._bounds = bounds
        self._zone = zone

    async def __call__(self, run: Run) -> Counts:
        sweep = await self._begin(run)
        errors: list[BaseException] = []
        more = False
        for name, step in STEPS:
            if sweep.is_over:
                more = True
                break
            # an error of any kind is the runner's to name; the other steps have nothing to do with it
            (ended,) = await asyncio.gather(step(sweep), return_exceptions=True)
            if isinstance(ended, BaseException):
                log.warning("housekeeping.step_failed", step=name, error=type(ended).__name__)
                errors.append(ended)
            else:
                more = more or ended
        if errors:
            raise errors[0]
        return Counts(dict(run.done), more)

    async def _begin(self, run: Run) -> Sweep:
        now = run.now()
        settings = await settings_ops.current(now)
        return Sweep(
            run,
            settings,
            now,
            before=start_of_day(now - timedelta(days=settings.history_days), self._zone),
            bounds=self._bounds,
            ends_at=run.clock.monotonic() + self._bounds.get("timeout_s", LONGEST_S),
        )


async def _deliveries(sweep: Sweep) -> bool:
    before = min(sweep.before, sweep.now - DELIVERIES_KEPT)
    old = await housekeeping_ops.delete_old_deliveries(before, **sweep.within("deliveries"))
    failed = await housekeeping_ops.delete_failed_deliveries(before, **sweep.within("deliveries"))
    return old.more or failed.more


async def _runs(sweep: Sweep) -> bool:
    kept = await housekeeping_ops.find_runs_to_keep(registry.JOB_NAMES)
    return (await housekeeping_ops.delete_old_runs(sweep.before, kept, **sweep.within("runs"))).more


async def _impossible(sweep: Sweep) -> bool:
    return (await housekeeping_ops.delete_told_impossible(sweep.before, **sweep.within("impossible"))).more


async def _incidents(sweep: Sweep) -> bool:
    return (await housekeeping_ops.delete_old_incidents(sweep.before, **sweep.within("incidents"))).more


async def _pauses(sweep: Sweep) -> bool:
    return (await pause_ops.forget_past(sweep.now, **sweep.within("pauses"))).more


async def _login_codes(sweep: Sweep) -> bool:
    return (await housekeeping_ops.delete_expired_login_codes(sweep.now, **sweep.within("login_codes"))).more


async def _memberships(sweep: Sweep) -> bool:
    return (await housekeeping_ops.delete_old_memberships(sweep.before, **sweep.within("memberships"))).more


STEPS: Sequence[tuple[str, Step]] = (
    ("promises", orphans.end_stuck_promises),
    ("recipients", orphans.remove_rows_of_nothing),
    ("memberships of removed channels", orphans.forget_removed_channels),
    ("memberships", _memberships),
    ("deliveries", _deliveries),
    ("impossible", _impossible),
    ("pauses", _pauses),
    ("login_codes", _login_codes),
    ("incidents", _incidents),
    ("runs", _runs),
    ("users", inactive_users.forget_inactive),
)


def create(context: JobContext) -> Housekeeping:
    return Housekeeping(context.bounds, context.zone)
