"""Error answers of the API: JSON with a sentence for people and a code for programs, never a stack trace."""

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from core.team.admins import Role
from views.page import refusals as texts
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
    code, sentence = _OF_FRAMEWORK.get(error.status_code, ("bad_request", texts.not_understood))
    return _response(error.status_code, ApiError(error=sentence(), code=code), error.headers)


_OF_FRAMEWORK = {
    404: ("not_found", texts.nothing_here),
    405: ("wrong_method", texts.wrong_method),
    408: ("too_slow", texts.too_slow),
    413: ("too_large", texts.too_large),
}


def invalid_request(error: RequestValidationError | ValidationError) -> Problem:
    """422: the request has the wrong shape. The answer names fields, never their values."""
    lines = [f"{_field(one['loc'])}: {one['msg']}"[:_LINE_MAX] for one in error.errors()[:_FIELDS_MAX]]
    return Problem(422, "bad_request", texts.not_understood(), fields=lines)


def _field(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in parts) or "body"


def unauthorized(*, was_given: bool) -> Problem:
    """401: no session, or one that has ended."""
    challenge = 'Bearer realm="tollgate"' + (', error="invalid_token"' if was_given else "")
    return Problem(401, "unauthorized", texts.sign_in_first(), {"WWW-Authenticate": challenge})


def forbidden() -> Problem:
    """403: not in the team."""
    return Problem(403, "forbidden", texts.not_in_the_team())


def role_forbids(role: Role) -> Problem:
    """403: in the team, but the role lacks the right."""
    return Problem(403, "role", texts.role_cannot(role))


def changed_meanwhile(sentence: str) -> Problem:
    """409: somebody else changed it since it was read; `sentence` says what it is now."""
    return Problem(409, "changed", sentence)


def not_there(sentence: str) -> Problem:
    """404: the object is not there, or not any more."""
    return Problem(404, "not_there", sentence)


def refused(sentence: str) -> Problem:
    """422: understood, but a rule forbids it; `sentence` says which."""
    return Problem(422, "refused", sentence)


def wrong_origin() -> Problem:
    """403: the browser says that another site sent the request."""
    return Problem(403, "wrong_origin", texts.wrong_origin())


def wrong_host() -> Problem:
    """421: the request names a host that is not ours."""
    return Problem(421, "wrong_host", texts.wrong_host())


def bad_host() -> Problem:
    """400: the request names no host, several, or something else."""
    return Problem(400, "bad_host", texts.not_understood())


def too_many(wait_s: int) -> Problem:
    """429, with the seconds to wait in Retry-After."""
    sentence = texts.too_many(wait_s)
    return Problem(429, "too_many_requests", sentence, {"Retry-After": str(wait_s)})


def unavailable() -> Response:
    """503: the database does not answer."""
    body = ApiError(error=texts.unavailable(), code="unavailable")
    return _response(503, body, {"Retry-After": str(RETRY_AFTER_S)})


def slow() -> Response:
    """504: the database answers, but did not finish in time."""
    body = ApiError(error=texts.slow(), code="slow")
    return _response(504, body, {"Retry-After": str(RETRY_AFTER_S)})


def failed(error_id: str) -> Response:
    """500, with the id that is in the log."""
    return _response(500, ApiError(error=texts.failed(), code="failed", error_id=error_id))
