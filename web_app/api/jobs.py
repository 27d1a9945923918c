"""`/api/admin/scheduler/…`: how the jobs stand; run, pause, resume. Whoever runs the jobs does it, not this process."""

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
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import ALL, Job, LastRun, PauseState, RequestedRun, Status, TaskRequest, Triggered, task_of
from web_app.auth.sign_in import note
from web_app.problems import Problem


def jobs_router(access: ApiAccess, plans: Mapping[str, JobPlan], zone: ZoneInfo) -> APIRouter:
    """The routes about the jobs of `plans`."""
    router = APIRouter(prefix="/scheduler", tags=["jobs"])
    signed_in = Annotated[Operator, Depends(access.operator)]
    names = [*plans]
    one, one_or_all = task_of(names), task_of([*names, ALL])

    @router.get("/status", response_model=Status)
    async def status(_: signed_in) -> Status:
        """Every job: its schedule, its next and its last run."""
        now = access.clock.now()
        jobs = overview(plans, await run_ops.latest_runs(names), await lease_ops.standing(names), now)
        return Status(now=to_milliseconds(now), zone=zone.key, jobs=[_job(job, now) for job in jobs])

    @router.post("/trigger", status_code=202, response_model=Triggered, openapi_extra=one_or_all)
    async def trigger(request: Request, operator: signed_in) -> Triggered:
        """Ask for a run of one job now, or of all. Asked for again before it began, it runs once."""
        requested = []
        for task in _named(await read_model(request, TaskRequest), [*names, ALL]):
            now = to_milliseconds(access.clock.now())
            run_id = await run_ops.request_run(task, now, operator.user_id)
            await note(now, operator.user_id, "job.run", task)
            requested.append(RequestedRun(task=task, run_id=run_id))
        return Triggered(requested=requested)

    @router.post("/pause", response_model=PauseState, openapi_extra=one)
    async def pause(request: Request, operator: signed_in) -> PauseState:
        """Let no tick of a job begin until it is resumed; a run under way goes on."""
        (task,) = _named(await read_model(request, TaskRequest), names)
        now = to_milliseconds(access.clock.now())
        changed = await lease_ops.pause(task, now, operator.user_id)
        if changed:
            await note(now, operator.user_id, "job.paused", task)
        return PauseState(task=task, is_paused=True, changed=changed)

    @router.post("/resume", response_model=PauseState, openapi_extra=one)
    async def resume(request: Request, operator: signed_in) -> PauseState:
        """Let a paused job's ticks begin again."""
        (task,) = _named(await read_model(request, TaskRequest), names)
        changed = await lease_ops.resume(task)
        if changed:
            await note(to_milliseconds(access.clock.now()), operator.user_id, "job.resumed", task)
        return PauseState(task=task, is_paused=False, changed=changed)

    return router


def _named(body: TaskRequest, known: list[str]) -> list[str]:
    """The jobs that are meant. A name is compared with those there are, and nothing else is done with it."""
    if body.task not in known:
        raise Problem(422, "unknown_task", "There is no job of this name.", tasks=known)
    return [name for name in known if name != ALL] if body.task == ALL else [body.task]


def _job(job: JobStatus, now: datetime) -> Job:
    return Job(
        name=job.name,
        purpose=job.plan.purpose,
        schedule=job.plan.in_words,
        next_at=job.next_at,
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
