"""Makes jobs and their schedulers from the rows of the table. Importing it imports no job: each when it is made."""

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib import import_module
from typing import Protocol, TypeVar, cast

from schedulers import registry
from schedulers.context import JobContext
from schedulers.job_scheduler import JobScheduler
from schedulers.registry import JobRow
from schedulers.runner import Job, Runner


class PolledJob(Job, Protocol):
    """A job that knows when it has something to do."""

    async def has_work(self, now: datetime) -> bool:
        """Whether work is due at `now`. Raises StoreUnavailable."""
        ...


class _JobModule(Protocol):
    """A module of `schedulers/jobs/` named in the table."""

    def create(self, context: JobContext) -> Job: ...


S = TypeVar("S", bound=JobScheduler)


def create_scheduler(
    row: JobRow, context: JobContext, kind: Callable[..., S] = JobScheduler  # type: ignore[assignment]
) -> S:  # fmt: skip
    """Return the scheduler of one job, not started. Raises ValueError when the context lacks what the job needs."""
    module = cast(_JobModule, import_module(f"schedulers.jobs.{row.module}"))
    job = module.create(context)
    runner = Runner(row.name, job, context.clock, context.owner, time_limit=row.time_limit or context.time_limit)
    has_work = cast(PolledJob, job).has_work if row.is_polled else None
    return kind(row.plan(context.zone, context.cleanup_hours), runner, context, has_work)


def create_schedulers(context: JobContext, rows: Iterable[JobRow] | None = None) -> dict[str, JobScheduler]:
    """Return the schedulers of `rows`, or of every job of the table, by name and in their order, not started."""
    return {row.name: create_scheduler(row, context) for row in (registry.JOBS if rows is None else rows)}
