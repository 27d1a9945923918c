"""What the API says when it says no: JSON, one sentence for a person, one word for a program, never a stack trace."""

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from web_app.pages.rendering import RETRY_AFTER_S

API = "/api/"
#: problems of one request that are named
_FIELDS_MAX = 10
#: characters of a line: it may name a field somebody made up
_LINE_MAX = 200


class ApiError(BaseModel):
    """The body of every answer that is no success."""

    model_config = ConfigDict(title="Error", extra="forbid")

    error: str = Field(description="One sentence for a person.")
    code: str = Field(description="One word for a program; of one meaning for good.")
    tasks: list[str] | None = Field(None, description="With unknown_task: the names there are.")
    fields: list[str] | None = Field(None, description="With bad_request: what is wrong where.")
    error_id: str | None = Field(None, description="With failed: stands in the log, too.")


class Problem(HTTPException):
    """A request that is refused, with what the API says of it."""

    def __init__(
        self, status: int, code: str, error: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status, error, dict(headers or {}))
        self.body = ApiError(error=error, code=code, **more)


def is_api(path: str) -> bool:
    """Whether an address is the API's; what is said there is JSON."""
    return path.startswith(API)


def answer(status: int, body: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as an answer."""
    return JSONResponse(body.model_dump(exclude_none=True), status, headers)


def refused(error: HTTPException) -> Response:
    """What the API says of a refusal, its own or the framework's."""
    if isinstance(error, Problem):
        return answer(error.status_code, error.body, error.headers)
    code, sentence = _OF_FRAMEWORK.get(error.status_code, ("bad_request", "This request was not understood."))
    return answer(error.status_code, ApiError(error=sentence, code=code), error.headers)


_OF_FRAMEWORK = {
    404: ("not_found", "There is nothing here."),
    405: ("wrong_method", "This address does not take this method."),
    408: ("too_slow", "The body did not arrive in time."),
    413: ("too_large", "The body is too large."),
}


def misunderstood(error: RequestValidationError | ValidationError) -> Problem:
    """422: the request has the wrong shape; the values themselves are not repeated."""
    lines = [f"{_place(one['loc'])}: {one['msg']}"[:_LINE_MAX] for one in error.errors()[:_FIELDS_MAX]]
    return Problem(422, "bad_request", "This request was not understood.", fields=lines)


def _place(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in parts) or "body"


def unauthorized(*, was_given: bool) -> Problem:
    """401: no session, or one that holds no more."""
    challenge = 'Bearer realm="tollgate"' + (', error="invalid_token"' if was_given else "")
    return Problem(
        401, "unauthorized", "Sign in first: open this page from the admin bot.", {"WWW-Authenticate": challenge}
    )


def forbidden() -> Problem:
    """403: known, but neither an owner nor a manager."""
    return Problem(403, "forbidden", "This is for owners and managers.")


def from_elsewhere() -> Problem:
    """403: a browser sent it for another site."""
    return Problem(403, "wrong_origin", "This request came from another site.")


def too_many(wait_s: int) -> Problem:
    """429, with the seconds after which it may be tried again."""
    sentence = f"Too many requests: try again in {wait_s} s."
    return Problem(429, "too_many_requests", sentence, {"Retry-After": str(wait_s)})


def unavailable() -> Response:
    """503: the database is away."""
    body = ApiError(error="The database does not answer. Please try again in a moment.", code="unavailable")
    return answer(503, body, {"Retry-After": str(RETRY_AFTER_S)})


def failed(error_id: str) -> Response:
    """500, with the id that stands in the log."""
    return answer(500, ApiError(error="Something went wrong on our side.", code="failed", error_id=error_id))
