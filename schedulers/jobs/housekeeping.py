"""Deletion of old history, expired documents and orphans in bounded, independent steps."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from core.days import start_of_day
from core.gifts.records import GIFTS_KEPT_FOR
from core.jobs import Counts
from core.privacy.times import AUDIT_KEPT, REQUESTS_KEPT
from core.privacy.tombstones import TOMBSTONES_KEPT
from database.batches import Bounds
from database.operations import housekeeping_ops, pause_ops, settings_ops
from database.operations.erasures import erasure_ops
from database.operations.people import gift_ops
from schedulers import registry
from schedulers.context import JobContext
from schedulers.jobs import inactive_users, orphans
from schedulers.jobs.bulk_deletes import HousekeepingRun
from schedulers.runner import Run

log = structlog.get_logger("tollgate.housekeeping")

#: a run starts no batch after this many seconds, unless the bounds say otherwise
LONGEST_S = 300.0
#: deliveries are kept at least this long: Telegram repeats an update for a day, and a promise lasts two days
DELIVERIES_KEPT = timedelta(days=2)

#: deletes one kind of documents; returns True when more remains
Step = Callable[[HousekeepingRun], Awaitable[bool]]


class Housekeeping:
    """Runs steps in order. A step that fails is skipped, and its error raised at the end.

    Never deleted: the daily statistics, and broadcasts, whose counts the list of broadcasts shows.
    """

    def __init__(
        self,
        bounds: Bounds,
        zone: ZoneInfo,
        steps: Sequence[tuple[str, Step]] | None = None,
        longest_s: float | None = None,
    ) -> None:
        """`longest_s`: replaces the time of `bounds`."""
        self._bounds = bounds
        self._zone = zone
        self._steps = STEPS if steps is None else steps
        self._longest_s = bounds.get("timeout_s", LONGEST_S) if longest_s is None else longest_s

    async def __call__(self, run: Run) -> Counts:
        this_run = await self._create_run(run)
        errors: list[BaseException] = []
        more = False
        for name, step in self._steps:
            if this_run.is_over:
                more = True
                break
            # errors of any kind are for the runner to report; they do not concern the other steps
            (ended,) = await asyncio.gather(step(this_run), return_exceptions=True)
            if isinstance(ended, BaseException):
                log.warning("housekeeping.step_failed", step=name, error=type(ended).__name__)
                errors.append(ended)
            else:
                more = more or ended
        if errors:
            raise errors[0]
        return Counts(dict(run.done), more)

    async def _create_run(self, run: Run) -> HousekeepingRun:
        now = run.now()
        settings = await settings_ops.current(now)
        return HousekeepingRun(
            run,
            settings,
            now,
            self._zone,
            before=start_of_day(now - timedelta(days=settings.history_days), self._zone),
            bounds=self._bounds,
            ends_at=run.clock.monotonic() + self._longest_s,
        )


async def _deliveries(this_run: HousekeepingRun) -> bool:
    before = min(this_run.before, this_run.now - DELIVERIES_KEPT)
    old = await housekeeping_ops.delete_old_deliveries(before, **this_run.within("deliveries"))
    paid = await housekeeping_ops.delete_old_paid_deliveries(before, **this_run.within("deliveries"))
    failed = await housekeeping_ops.delete_failed_deliveries(before, **this_run.within("deliveries"))
    return old.more or paid.more or failed.more


async def _runs(this_run: HousekeepingRun) -> bool:
    kept = await housekeeping_ops.find_runs_to_keep(registry.JOB_NAMES)
    return (await housekeeping_ops.delete_old_runs(this_run.before, kept, **this_run.within("runs"))).more


async def _impossible(this_run: HousekeepingRun) -> bool:
    return (await housekeeping_ops.delete_notified_impossible(this_run.before, **this_run.within("impossible"))).more


async def _incidents(this_run: HousekeepingRun) -> bool:
    return (await housekeeping_ops.delete_old_incidents(this_run.before, **this_run.within("incidents"))).more


async def _pauses(this_run: HousekeepingRun) -> bool:
    return (await pause_ops.delete_expired(this_run.now, **this_run.within("pauses"))).more


async def _login_codes(this_run: HousekeepingRun) -> bool:
    return (await housekeeping_ops.delete_expired_login_codes(this_run.now, **this_run.within("login_codes"))).more


async def _gifts(this_run: HousekeepingRun) -> bool:
    before = this_run.now - GIFTS_KEPT_FOR
    gifts = await gift_ops.delete_over(before, **this_run.within("gifts"))
    claims = await gift_ops.delete_old_claims(before, **this_run.within("gift_claims"))
    return gifts.more or claims.more


async def _memberships(this_run: HousekeepingRun) -> bool:
    known = await housekeeping_ops.delete_old_memberships(this_run.before, **this_run.within("memberships"))
    asked_before = this_run.now - REQUESTS_KEPT
    asked = await housekeeping_ops.delete_old_requests(asked_before, **this_run.within("memberships"))
    return known.more or asked.more


async def _audit_log(this_run: HousekeepingRun) -> bool:
    before = this_run.now - AUDIT_KEPT
    return (await housekeeping_ops.delete_old_audit_entries(before, **this_run.within("audit_log"))).more


async def _tombstones(this_run: HousekeepingRun) -> bool:
    return (await erasure_ops.delete_old(this_run.now - TOMBSTONES_KEPT, **this_run.within("tombstones"))).more


STEPS: Sequence[tuple[str, Step]] = (
    ("promises", orphans.end_stuck_promises),
    ("recipients", orphans.delete_rows_without_broadcast),
    ("memberships of removed channels", orphans.delete_removed_memberships),
    ("memberships", _memberships),
    ("deliveries", _deliveries),
    ("impossible", _impossible),
    ("pauses", _pauses),
    ("login_codes", _login_codes),
    ("gifts", _gifts),
    ("incidents", _incidents),
    ("runs", _runs),
    ("audit log", _audit_log),
    ("tombstones", _tombstones),
    ("users", inactive_users.delete_inactive_users),
)


def create(context: JobContext) -> Housekeeping:
    return Housekeeping(context.bounds, context.zone)
