"""The shapes of the API: what it takes and what it answers. Times are UTC; names of jobs those of the timetable."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from web_app.auth.mini_app import INIT_DATA_MAX

#: stands for every job there is
ALL = "all"


class _RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(_RequestBody):
    """One of the two signs in; neither of them asks for a new token of the session there is."""

    init_data: str | None = Field(
        None, max_length=INIT_DATA_MAX, description="What Telegram gave the Mini App of the admin bot, unchanged."
    )
    code: str | None = Field(None, max_length=64, description="The end of a link from /admin; works once.")


class TaskRequest(_RequestBody):
    """Which job is meant."""

    task: str = Field(max_length=64)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class SignedIn(_Answer):
    """A token, for `Authorization: Bearer …`; the same stands in the cookie tollgate_session."""

    token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of HTTP
    expires_at: datetime
    signed_in_until: datetime = Field(description="When signing in is needed again, whatever is refreshed.")
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
    next_at: datetime | None = Field(description="null: whenever there is something to do")
    is_paused: bool
    paused_by: int | str | None
    is_running: bool
    is_waiting: bool = Field(description="somebody asked for a run that has not begun")
    last: LastRun | None


class Status(_Answer):
    now: datetime
    zone: str
    jobs: list[Job]


class RequestedRun(_Answer):
    task: str
    run_id: str


class Triggered(_Answer):
    """The runs that will begin, in about two seconds where the jobs are."""

    requested: list[RequestedRun]


class PauseState(_Answer):
    task: str
    is_paused: bool
    changed: bool = Field(description="false: it was so before")


class Post(_Answer):
    code: str
    title: str
    deliveries: int


class Day(_Answer):
    date: date
    counters: dict[str, int]
    top_posts: list[Post]


class Statistics(_Answer):
    """Days that were counted, the oldest first, and how many there are right now."""

    days: list[Day]
    now: dict[str, int]


def body_of(model: type[BaseModel], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What OpenAPI says of a body that is read by `api_gate.read_model`; `more` stands beside what the model says."""
    schema = {**model.model_json_schema(), **(more or {})}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def task_of(names: list[str]) -> dict[str, Any]:
    """The body of a TaskRequest that names one of these."""
    return body_of(TaskRequest, {"properties": {"task": {"type": "string", "enum": names}}})
