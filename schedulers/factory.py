"""Makes jobs and their schedulers from the rows of the table. Importing it imports no job: each when it is made."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from importlib import import_module
from typing import Protocol, TypeVar, cast

from schedulers import registry
from schedulers.context import JobContext
from schedulers.job_scheduler import JobScheduler
from schedulers.order import Predecessors
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
    row: JobRow,
    context: JobContext,
    kind: Callable[..., S] = JobScheduler,  # type: ignore[assignment]
    beside: Sequence[str] = (),
) -> S:
    """Return the scheduler of one job, not started. `beside`: names of the jobs that this process runs.

    Raises ValueError when the context lacks what the job needs.
    """
    module = cast(_JobModule, import_module(f"schedulers.jobs.{row.module}"))
    job = module.create(context)
    runner = Runner(row.name, job, context.clock, context.owner, time_limit=row.time_limit or context.time_limit)
    plans = context.plans()
    is_polled = plans[row.name].is_polled
    has_work = cast(PolledJob, job).has_work if is_polled else None
    first = Predecessors([plans[name] for name in row.after], beside) if row.after else None
    return kind(plans[row.name], runner, context, has_work, first)


def create_schedulers(context: JobContext, rows: Iterable[JobRow] | None = None) -> dict[str, JobScheduler]:
    """Return the schedulers of `rows`, or of every job of the table, by name and in their order, not started."""
    wanted = tuple(registry.JOBS if rows is None else rows)
    beside = [row.name for row in wanted]
    return {row.name: create_scheduler(row, context, beside=beside) for row in wanted}
