"""The API's request and answer bodies. Times are UTC; jobs are named as in the timetable."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from core.job_status import SchedulerState
from web_app.auth.mini_app import INIT_DATA_MAX

#: names every job at once
ALL = "all"


def _within_the_calendar(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("no time of the years 1 to 9999 in UTC") from None


#: a time from a client; without its zone it could be any
Instant = Annotated[AwareDatetime, AfterValidator(_within_the_calendar)]


def _written_as_a_day(text: object) -> object:
    if isinstance(text, str) and _DAY.fullmatch(text) is None:
        raise ValueError("a day is written like 2026-11-30")
    return text


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: a day from a client; pydantic alone takes numbers for seconds since 1970
IsoDay = Annotated[date, BeforeValidator(_written_as_a_day)]


class RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(RequestBody):
    """The proof to sign in with: one of the two. With neither, the existing session gets a new token."""

    init_data: str | None = Field(
        None, max_length=INIT_DATA_MAX, description="initData that Telegram gave the admin bot's Mini App, unchanged."
    )
    code: str | None = Field(None, max_length=64, description="The end of a link from /admin; works once.")


class TaskRequest(RequestBody):
    """Names a job."""

    task: str = Field(max_length=64)


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class SignedIn(Answer):
    """A token for `Authorization: Bearer …`; the page's cookie, which no script can read, holds the same one."""

    token: str | None = Field(description="Not shown to who came by the cookie: a script must not carry it away.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of HTTP
    expires_at: datetime
    signed_in_until: datetime = Field(description="When the session ends; refreshing does not extend it.")
    user_id: int
    role: str


class PageMember(Answer):
    """Who is signed in. The server checks role and right of each request by itself."""

    user_id: int
    role: str
    rights: list[str]
    views: list[str] = Field(description="the parts of the page they may open, in order")
    language: str = Field(description="of the page's texts")
    zone: str
    now: datetime


class LastRun(Answer):
    outcome: str | None = Field(description="null while it waits or runs")
    started_at: datetime
    finished_at: datetime | None
    duration_s: float | None
    counts: dict[str, int]
    more: bool = Field(description="work was left for the next run")
    error: str | None
    requested_by: int | str | None = Field(description="who asked for it; null: the schedule")


class Job(Answer):
    name: str
    title: str = Field(description="what the admin bot calls it")
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


class Status(Answer):
    now: datetime
    zone: str
    status: SchedulerState = Field(description="of all processes together: whether jobs are started at their times")
    total_jobs: int
    jobs: list[Job]


class RequestedRun(Answer):
    task: str
    run_id: str
    result: LastRun | None = Field(description="how it ended; null: not waited for, or not ended in time")


class Triggered(Answer):
    """The requested runs. The process that runs the jobs starts them within about two seconds."""

    requested: list[RequestedRun]


class PauseState(Answer):
    task: str
    is_paused: bool
    changed: bool = Field(description="false: it was in this state already")


class Post(Answer):
    code: str
    title: str
    deliveries: int


class Day(Answer):
    date: date
    counters: dict[str, int]
    top_posts: list[Post]


class Statistics(Answer):
    """The counted days, oldest first, and the current totals."""

    days: list[Day]
    now: dict[str, int]
    top_posts: list[Post] = Field(description="of all these days, those delivered most first")


def body_of(model: type[BaseModel], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The OpenAPI description of a body read by `access.read_model`; `more` is merged into the model's schema."""
    schema = model.model_json_schema()
    # its references would point into the whole document
    schema = {**_inlined(schema, schema.pop("$defs", {})), **(more or {})}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a part of a schema with definitions in place of references to them. None refers to itself."""
    if isinstance(part, list):
        return [_inlined(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        definition = definitions[part["$ref"].rpartition("/")[2]]
        part = {**definition, **{name: value for name, value in part.items() if name != "$ref"}}
    return {name: _inlined(value, definitions) for name, value in part.items()}


def task_of(names: list[str]) -> dict[str, Any]:
    """The OpenAPI description of a TaskRequest that names one of `names`."""
    return body_of(TaskRequest, {"properties": {"task": {"type": "string", "enum": names}}})
