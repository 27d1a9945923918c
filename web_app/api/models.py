"""The API's request and answer bodies. Times are UTC; jobs are named as in the timetable."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.job_status import SchedulerState
from web_app.auth.mini_app import INIT_DATA_MAX

#: names every job at once
ALL = "all"


class _RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(_RequestBody):
    """The proof to sign in with: one of the two. With neither, the existing session gets a new token."""

    init_data: str | None = Field(
        None, max_length=INIT_DATA_MAX, description="initData that Telegram gave the admin bot's Mini App, unchanged."
    )
    code: str | None = Field(None, max_length=64, description="The end of a link from /admin; works once.")


class TaskRequest(_RequestBody):
    """Names a job."""

    task: str = Field(max_length=64)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class SignedIn(_Answer):
    """A token for `Authorization: Bearer …`; the cookie tollgate_session holds the same one."""

    token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of HTTP
    expires_at: datetime
    signed_in_until: datetime = Field(description="When the session ends; refreshing does not extend it.")
    user_id: int
    role: str


class LastRun(_Answer):
    outcome: str | None = Field(description="null while it waits or runs")
    started_at: datetime
    finished_at: datetime | None
    duration_s: float | None
    counts: dict[str, int]
    more: bool = Field(description="work was left for the next run")
    error: str | None
    requested_by: int | str | None = Field(description="who asked for it; null: the schedule")


class Job(_Answer):
    name: str
    purpose: str
    schedule: str = Field(description="in words")
    trigger: str = Field(description="for programs: interval[0:01:00], cron[hour='3', minute='0'], due, off")
    next_at: datetime | None = Field(description="null: it runs whenever there is something to do, or only by hand")
    is_off: bool = Field(description="the configuration switched it off: it runs only by hand")
    is_paused: bool
    paused_by: int | str | None
    is_running: bool
    is_waiting: bool = Field(description="a run was requested and has not started")
    last: LastRun | None = Field(description="null: it has not run yet")


class Status(_Answer):
    now: datetime
    zone: str
    status: SchedulerState = Field(description="of all processes together: whether jobs are started at their times")
    total_jobs: int
    jobs: list[Job]


class RequestedRun(_Answer):
    task: str
    run_id: str
    result: LastRun | None = Field(description="how it ended; null: not waited for, or not ended in time")


class Triggered(_Answer):
    """The requested runs. The process that runs the jobs starts them within about two seconds."""

    requested: list[RequestedRun]


class PauseState(_Answer):
    task: str
    is_paused: bool
    changed: bool = Field(description="false: it was in this state already")


class Post(_Answer):
    code: str
    title: str
    deliveries: int


class Day(_Answer):
    date: date
    counters: dict[str, int]
    top_posts: list[Post]


class Statistics(_Answer):
    """The counted days, oldest first, and the current totals."""

    days: list[Day]
    now: dict[str, int]


def body_of(model: type[BaseModel], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The OpenAPI description of a body read by `access.read_model`; `more` is merged into the model's schema."""
    schema = {**model.model_json_schema(), **(more or {})}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def task_of(names: list[str]) -> dict[str, Any]:
    """The OpenAPI description of a TaskRequest that names one of `names`."""
    return body_of(TaskRequest, {"properties": {"task": {"type": "string", "enum": names}}})
