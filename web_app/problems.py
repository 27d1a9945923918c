"""Error answers of the API: JSON with a sentence for people and a code for programs, never a stack trace."""

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from web_app.pages.rendering import RETRY_AFTER_S

API = "/api/"
#: invalid fields that are listed
_FIELDS_MAX = 10
#: characters of a line; it may contain a field name of the client's choice
_LINE_MAX = 200


class ApiError(BaseModel):
    """The body of every error answer."""

    model_config = ConfigDict(title="Error", extra="forbid")

    error: str = Field(description="One sentence for a person.")
    code: str = Field(description="A code for programs; its meaning does not change.")
    tasks: list[str] | None = Field(None, description="With unknown_task: the known names.")
    fields: list[str] | None = Field(None, description="With bad_request: what is wrong where.")
    error_id: str | None = Field(None, description="With failed: an id that is in the log, too.")


class Problem(HTTPException):
    """A refusal, with the body of its answer."""

    def __init__(
        self, status: int, code: str, error: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status, error, dict(headers or {}))
        self.body = ApiError(error=error, code=code, **more)


def is_api(path: str) -> bool:
    """Whether a path belongs to the API, whose answers are JSON."""
    return path.startswith(API)


def _response(status: int, body: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(body.model_dump(exclude_none=True), status, headers)


def problem_response(error: HTTPException) -> Response:
    """The answer to a refusal, raised by the API or by the framework."""
    if isinstance(error, Problem):
        return _response(error.status_code, error.body, error.headers)
    code, sentence = _OF_FRAMEWORK.get(error.status_code, ("bad_request", "This request was not understood."))
    return _response(error.status_code, ApiError(error=sentence, code=code), error.headers)


_OF_FRAMEWORK = {
    404: ("not_found", "There is nothing here."),
    405: ("wrong_method", "This address does not take this method."),
    408: ("too_slow", "The body did not arrive in time."),
    413: ("too_large", "The body is too large."),
}


def invalid_request(error: RequestValidationError | ValidationError) -> Problem:
    """422: the request has the wrong shape. The answer names fields, never their values."""
    lines = [f"{_field(one['loc'])}: {one['msg']}"[:_LINE_MAX] for one in error.errors()[:_FIELDS_MAX]]
    return Problem(422, "bad_request", "This request was not understood.", fields=lines)


def _field(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in parts) or "body"


def unauthorized(*, was_given: bool) -> Problem:
    """401: no session, or one that has ended."""
    challenge = 'Bearer realm="tollgate"' + (', error="invalid_token"' if was_given else "")
    return Problem(
        401, "unauthorized", "Sign in first: open this page from the admin bot.", {"WWW-Authenticate": challenge}
    )


def forbidden() -> Problem:
    """403: neither an owner nor a manager."""
    return Problem(403, "forbidden", "This is for owners and managers.")


def wrong_origin() -> Problem:
    """403: the browser says that another site sent the request."""
    return Problem(403, "wrong_origin", "This request came from another site.")


def too_many(wait_s: int) -> Problem:
    """429, with the seconds to wait in Retry-After."""
    sentence = f"Too many requests: try again in {wait_s} s."
    return Problem(429, "too_many_requests", sentence, {"Retry-After": str(wait_s)})


def unavailable() -> Response:
    """503: the database does not answer."""
    body = ApiError(error="The database does not answer. Please try again in a moment.", code="unavailable")
    return _response(503, body, {"Retry-After": str(RETRY_AFTER_S)})


def slow() -> Response:
    """504: the database answers, but did not finish in time."""
    body = ApiError(error="The database took too long. Please try again in a minute.", code="slow")
    return _response(504, body, {"Retry-After": str(RETRY_AFTER_S)})


def failed(error_id: str) -> Response:
    """500, with the id that is in the log."""
    return _response(500, ApiError(error="Something went wrong on our side.", code="failed", error_id=error_id))
