"""`/api/admin/scheduler/…`: the status of the jobs, and requests to run, pause and resume them.

This process runs no job: it stores the request, and a process with a scheduler carries it out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from core.clock import to_milliseconds
from core.job_status import JobStatus, overview, scheduler_state
from core.jobs import JobPlan, JobRun
from core.team.rights import Right
from database.operations import lease_ops, run_ops
from monitoring.logs import mask
from views.system import job_plans
from views.system.job_titles import job_title
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import ALL, Job, LastRun, PauseState, RequestedRun, Status, TaskRequest, Triggered, task_of
from web_app.api.system.run_results import WAIT_MAX_S, WAIT_PATTERN, RunResults, read_wait
from web_app.problems import Problem

#: `?wait=30s`
Wait = Annotated[
    str | None,
    Query(
        pattern=WAIT_PATTERN,
        description=f"Answer when the runs have ended, at the latest after so many seconds (1 to {WAIT_MAX_S}).",
    ),
]
_ENDED: dict[int | str, dict[str, Any]] = {
    200: {"model": Triggered, "description": "With `wait`: every run has ended; `result` says how."}
}


def jobs_router(access: ApiAccess, plans: Mapping[str, JobPlan], zone: ZoneInfo) -> APIRouter:
    """The routes about the jobs of `plans`."""
    router = APIRouter(prefix="/scheduler", tags=["jobs"])
    _add_status(router, access, plans, zone)
    _add_trigger(router, access, plans)
    _add_pause_and_resume(router, access, plans)
    return router


def _add_status(router: APIRouter, access: ApiAccess, plans: Mapping[str, JobPlan], zone: ZoneInfo) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.JOBS))]
    names = [*plans]

    @router.get("/status", response_model=Status)
    async def status(_: signed_in) -> Status:
        """Every job: its schedule, its next and its last run."""
        now = access.clock.now()
        jobs = overview(plans, await run_ops.latest_runs(names), await lease_ops.find_many(names), now)
        return Status(
            now=to_milliseconds(now),
            zone=zone.key,
            status=scheduler_state(jobs, now),
            total_jobs=len(jobs),
            jobs=[_job(job, now) for job in jobs],
        )


def _add_trigger(router: APIRouter, access: ApiAccess, plans: Mapping[str, JobPlan]) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.JOBS))]
    known, results = [*plans, ALL], RunResults(access.clock)
    name_in_path = Annotated[str, Path(json_schema_extra={"enum": known})]

    async def request_runs(task: str, wait: str | None, request: Request, operator: Operator) -> tuple[int, Triggered]:
        """Request the runs that `task` names and wait for them; return the status of the answer, and the answer."""
        requested = {}
        for name in _jobs_named(task, plans, with_all=True):
            now = to_milliseconds(access.clock.now())
            requested[name] = await run_ops.request_run(name, now, operator.user_id)
            await audit.record(now, operator.user_id, "job.run", name)
        run_ids = [*requested.values()]
        ended = {} if wait is None else await results.wait(run_ids, read_wait(wait), request.is_disconnected)
        rows = [
            RequestedRun(task=name, run_id=run_id, result=run_of(ended[run_id]) if run_id in ended else None)
            for name, run_id in requested.items()
        ]
        return 200 if len(ended) == len(run_ids) else 202, Triggered(requested=rows)

    @router.post("/trigger", status_code=202, response_model=Triggered, responses=_ENDED, openapi_extra=task_of(known))
    async def trigger(request: Request, response: Response, operator: signed_in, wait: Wait = None) -> Triggered:
        """Request a run of one job, or of all of them. Requests made before the run starts are one run."""
        body = await read_model(request, TaskRequest)
        response.status_code, answer = await request_runs(body.task, wait, request, operator)
        return answer

    @router.post("/trigger/{task}", status_code=202, response_model=Triggered, responses=_ENDED)
    async def trigger_named(
        task: name_in_path, request: Request, response: Response, operator: signed_in, wait: Wait = None
    ) -> Triggered:
        """The same with the name in the address, and without a body."""
        response.status_code, answer = await request_runs(task, wait, request, operator)
        return answer


def _add_pause_and_resume(router: APIRouter, access: ApiAccess, plans: Mapping[str, JobPlan]) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.JOBS))]
    described = task_of([*plans])

    @router.post("/pause", response_model=PauseState, openapi_extra=described)
    async def pause(request: Request, operator: signed_in) -> PauseState:
        """Skip the ticks of a job until it is resumed; a run that has started goes on."""
        (task,) = _jobs_named((await read_model(request, TaskRequest)).task, plans)
        now = to_milliseconds(access.clock.now())
        changed = await lease_ops.pause(task, now, operator.user_id)
        if changed:
            await audit.record(now, operator.user_id, "job.paused", task)
        return PauseState(task=task, is_paused=True, changed=changed)

    @router.post("/resume", response_model=PauseState, openapi_extra=described)
    async def resume(request: Request, operator: signed_in) -> PauseState:
        """Let a paused job run by its schedule again."""
        (task,) = _jobs_named((await read_model(request, TaskRequest)).task, plans)
        changed = await lease_ops.resume(task)
        if changed:
            await audit.record(to_milliseconds(access.clock.now()), operator.user_id, "job.resumed", task)
        return PauseState(task=task, is_paused=False, changed=changed)


def _jobs_named(asked: str, plans: Mapping[str, JobPlan], *, with_all: bool = False) -> list[str]:
    """The jobs that a request names, by name or alias. Raises Problem 422 unless there is one.

    What was asked for is compared and used for nothing else.
    """
    if with_all and asked == ALL:
        return [*plans]
    found = [name for name, plan in plans.items() if asked == name or asked in plan.aliases]
    if not found:
        known = [*plans, ALL] if with_all else [*plans]
        raise Problem(422, "unknown_task", "There is no job of this name.", tasks=known)
    return found


def _job(job: JobStatus, now: datetime) -> Job:
    return Job(
        name=job.name,
        title=job_title(job.name),
        purpose=job_plans.purpose(job.plan),
        schedule=job_plans.times_in_words(job.plan),
        trigger=job.plan.trigger,
        next_at=job.next_at,
        is_off=job.plan.off_by is not None,
        is_paused=job.is_paused,
        paused_by=job.lease.paused_by if job.lease is not None and job.is_paused else None,
        is_running=job.is_running(now),
        is_waiting=job.is_waiting,
        last=None if job.last is None else run_of(job.last),
    )


def run_of(run: JobRun) -> LastRun:
    """Return a run without secrets."""
    duration = None if run.finished_at is None else run.finished_at - run.started_at
    return LastRun(
        outcome=run.outcome,
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration_s=None if duration is None else duration.total_seconds(),
        counts=run.counts,
        more=run.more,
        error=None if run.error is None else mask(run.error),
        requested_by=run.requested_by,
    )
