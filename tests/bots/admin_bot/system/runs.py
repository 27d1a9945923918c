"""Runs of jobs as the schedulers write them, for tests of what an admin sees of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiogram.exceptions import TelegramForbiddenError, TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import EditMessageText, TelegramMethod
from pymongo.errors import AutoReconnect

from core.jobs import JobOutcome, JobRun, RunReport
from core.timetable import TOKEN_CLEANUP
from database.operations import audit_ops, lease_ops, run_ops
from tests.bots.admin_bot.conftest import AdminBot

#: of every lease
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
    """A run of the schedule that took two seconds and ended `ago`; its id."""
    began = admin.clock.now() - ago - timedelta(seconds=2)
    run_id = await run_ops.start_run(job, began, "somebody", began)
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
    """Begin the run somebody asked for, as a process that runs the jobs does."""
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


def away_at(number: int) -> tuple[Callable[[str, str], None], list[tuple[str, str]]]:
    """What `Database.before_call` does while the server loses call `number` (from 0); and the calls it saw."""
    calls: list[tuple[str, str]] = []

    def refuse(operation: str, collection: str) -> None:
        if operation == "ping":
            return
        calls.append((operation, collection))
        if len(calls) == number + 1:
            raise AutoReconnect("away")

    return refuse, calls


def blocked(method: TelegramMethod[Any]) -> BaseException:
    return TelegramForbiddenError(method=method, message="Forbidden: bot was blocked by the user")


def flood(method: TelegramMethod[Any]) -> BaseException:
    return TelegramRetryAfter(method=method, message="Too Many Requests: retry after 9", retry_after=9)


def lost(method: TelegramMethod[Any]) -> BaseException:
    return TelegramNetworkError(method=method, message="Request timeout error")


async def wishes(job: str = TOKEN_CLEANUP) -> int:
    return len([run for run in await run_ops.find_requests(100) if run.job == job])


async def deeds() -> list[tuple[str, str | None]]:
    """Oldest first."""
    return [(entry.action, entry.target) for entry in (await audit_ops.last(50))[::-1]]


async def is_paused(job: str = TOKEN_CLEANUP) -> bool:
    lease = await lease_ops.find(job)
    return lease is not None and lease.paused_at is not None


def edits(admin: AdminBot) -> list[str]:
    return [str(call.text) for call in admin.world.of(EditMessageText)]
