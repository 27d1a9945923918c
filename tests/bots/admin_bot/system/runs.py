"""Runs of jobs as the schedulers write them, for tests of the screens of jobs."""

from datetime import datetime, timedelta

from aiogram.methods import EditMessageText

from core.jobs import JobOutcome, JobRun, RunReport
from database.operations import audit_ops, lease_ops, run_ops
from schedulers import registry
from tests.bots.admin_bot.conftest import AdminBot

#: duration of every lease
TTL = timedelta(seconds=60)
OWNER_OF_LEASE = "test-machine"


async def ended(
    admin: AdminBot,
    job: str,
    outcome: JobOutcome = JobOutcome.SUCCEEDED,
    *,
    ago: timedelta = timedelta(),
    counts: dict[str, int] | None = None,
    more: bool = False,
    error: str | None = None,
) -> str:
    """Write a scheduled run that took two seconds and ended `ago`; returns its id."""
    began = admin.clock.now() - ago - timedelta(seconds=2)
    run_id = await run_ops.start_run(job, began, "another-machine", began)
    assert run_id is not None
    await finish(run_id, job, began, outcome, counts=counts, more=more, error=error)
    return run_id


async def finish(
    run_id: str,
    job: str,
    began: datetime,
    outcome: JobOutcome = JobOutcome.SUCCEEDED,
    *,
    counts: dict[str, int] | None = None,
    more: bool = False,
    error: str | None = None,
) -> None:
    report = RunReport(job, outcome, None, began, timedelta(seconds=2), counts or {}, more, error)
    assert await run_ops.finish_run(run_id, report)


async def take(admin: AdminBot, job: str) -> JobRun:
    """Start the requested run as a process that runs the jobs does."""
    now = admin.clock.now()
    fence = await lease_ops.take(job, OWNER_OF_LEASE, now, TTL, even_paused=True)
    assert fence is not None
    (run,) = [run for run in await run_ops.find_requests() if run.job == job]
    assert await run_ops.start_requested(run.id, OWNER_OF_LEASE, now, fence)
    return run


async def end(
    admin: AdminBot, run: JobRun, outcome: JobOutcome = JobOutcome.SUCCEEDED, error: str | None = None
) -> None:
    """End a run that was taken, and its lease."""
    await finish(run.id, run.job, admin.clock.now(), outcome, counts={"items": 3}, error=error)
    assert await lease_ops.release(run.job, OWNER_OF_LEASE, admin.clock.now())


async def requested_runs(job: str = registry.TOKEN_CLEANUP.name) -> int:
    return len([run for run in await run_ops.find_requests(100) if run.job == job])


async def audited() -> list[tuple[str, str | None]]:
    """The audited actions and their targets, the oldest first."""
    return [(entry.action, entry.target) for entry in (await audit_ops.last(50))[::-1]]


async def is_paused(job: str = registry.TOKEN_CLEANUP.name) -> bool:
    lease = await lease_ops.find(job)
    return lease is not None and lease.paused_at is not None


def edits(admin: AdminBot) -> list[str]:
    return [str(call.text) for call in admin.world.of(EditMessageText)]
