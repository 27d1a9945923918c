"""`/api/admin/scheduler/…`: the status of the jobs, and requests to run, pause and resume them.

This process runs no job: it stores the request, and a process with a scheduler carries it out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request

from core.clock import to_milliseconds
from core.job_status import JobStatus, overview
from core.jobs import JobPlan, JobRun
from database.operations import lease_ops, run_ops
from monitoring.logs import mask
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import ALL, Job, LastRun, PauseState, RequestedRun, Status, TaskRequest, Triggered, task_of
from web_app.problems import Problem


def jobs_router(access: ApiAccess, plans: Mapping[str, JobPlan], zone: ZoneInfo) -> APIRouter:
    """The routes about the jobs of `plans`."""
    router = APIRouter(prefix="/scheduler", tags=["jobs"])
    _add_status(router, access, plans, zone)
    _add_trigger(router, access, [*plans])
    _add_pause_and_resume(router, access, [*plans])
    return router


def _add_status(router: APIRouter, access: ApiAccess, plans: Mapping[str, JobPlan], zone: ZoneInfo) -> None:
    signed_in = Annotated[Operator, Depends(access.operator)]
    names = [*plans]

    @router.get("/status", response_model=Status)
    async def status(_: signed_in) -> Status:
        """Every job: its schedule, its next and its last run."""
        now = access.clock.now()
        jobs = overview(plans, await run_ops.latest_runs(names), await lease_ops.find_many(names), now)
        return Status(now=to_milliseconds(now), zone=zone.key, jobs=[_job(job, now) for job in jobs])


def _add_trigger(router: APIRouter, access: ApiAccess, names: list[str]) -> None:
    signed_in = Annotated[Operator, Depends(access.operator)]
    known = [*names, ALL]

    @router.post("/trigger", status_code=202, response_model=Triggered, openapi_extra=task_of(known))
    async def trigger(request: Request, operator: signed_in) -> Triggered:
        """Request a run of one job, or of all of them. Requests made before the run starts are one run."""
        requested = []
        for task in _requested_jobs(await read_model(request, TaskRequest), known):
            now = to_milliseconds(access.clock.now())
            run_id = await run_ops.request_run(task, now, operator.user_id)
            await audit.record(now, operator.user_id, "job.run", task)
            requested.append(RequestedRun(task=task, run_id=run_id))
        return Triggered(requested=requested)


def _add_pause_and_resume(router: APIRouter, access: ApiAccess, names: list[str]) -> None:
    signed_in = Annotated[Operator, Depends(access.operator)]
    described = task_of(names)

    @router.post("/pause", response_model=PauseState, openapi_extra=described)
    async def pause(request: Request, operator: signed_in) -> PauseState:
        """Skip the ticks of a job until it is resumed; a run that has started goes on."""
        (task,) = _requested_jobs(await read_model(request, TaskRequest), names)
        now = to_milliseconds(access.clock.now())
        changed = await lease_ops.pause(task, now, operator.user_id)
        if changed:
            await audit.record(now, operator.user_id, "job.paused", task)
        return PauseState(task=task, is_paused=True, changed=changed)

    @router.post("/resume", response_model=PauseState, openapi_extra=described)
    async def resume(request: Request, operator: signed_in) -> PauseState:
        """Let a paused job run by its schedule again."""
        (task,) = _requested_jobs(await read_model(request, TaskRequest), names)
        changed = await lease_ops.resume(task)
        if changed:
            await audit.record(to_milliseconds(access.clock.now()), operator.user_id, "job.resumed", task)
        return PauseState(task=task, is_paused=False, changed=changed)


def _requested_jobs(body: TaskRequest, known: list[str]) -> list[str]:
    """The jobs the request names. Raises Problem 422 unless the name is one of `known`; it is used for nothing else."""
    if body.task not in known:
        raise Problem(422, "unknown_task", "There is no job of this name.", tasks=known)
    return [name for name in known if name != ALL] if body.task == ALL else [body.task]


def _job(job: JobStatus, now: datetime) -> Job:
    return Job(
        name=job.name,
        purpose=job.plan.purpose,
        schedule=job.plan.in_words,
        next_at=job.next_at,
        is_off=job.plan.off_by is not None,
        is_paused=job.is_paused,
        paused_by=job.lease.paused_by if job.lease is not None and job.is_paused else None,
        is_running=job.is_running(now),
        is_waiting=job.is_waiting,
        last=None if job.last is None else _last(job.last),
    )


def _last(run: JobRun) -> LastRun:
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
