"""FastAPI dependencies of the API's routes: the session of a request, its role, its origin, its JSON body."""

from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from core.clock import Clock
from core.team.admins import Role
from core.team.rights import Right, may
from web_app.api.guard import API_BODY_MAX, caller_of
from web_app.auth.authenticator import Authenticator
from web_app.auth.cookie import SAFE, SessionCookie
from web_app.auth.tokens import Session
from web_app.bodies import media_type_of, read_body
from web_app.problems import Problem, invalid_request, role_forbids, unauthorized, wrong_origin

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Operator:
    """A member of the team with a session."""

    user_id: int
    role: Role
    session: Session


class ApiAccess:
    """Checks who sends a request. Every method that refuses raises Problem."""

    def __init__(self, authenticator: Authenticator, cookie: SessionCookie, clock: Clock) -> None:
        self.authenticator = authenticator
        self.cookie = cookie
        self.clock = clock

    async def operator(self, request: Request) -> Operator:
        """Return the operator: 401 without a valid session, 403 outside the team and for requests of another site.

        A session in a cookie that is about to expire is replaced in the answer.
        """
        session = self.session(request)
        role = await self.authenticator.member_role(session, is_change=request.method not in SAFE)
        if caller_of(request.state).by_cookie and session.is_due(self.clock.now()):
            self.give_cookie(request, self.authenticator.refresh(session, role))
        return Operator(session.user_id, role, session)

    def may(self, right: Right) -> "WithRight":
        """Return the dependency of a route that needs `right`: `operator`, and 403 when the role lacks it."""

        return WithRight(self, right)

    def session(self, request: Request) -> Session:
        """Return the session of the request's token. Does not query whether it has been signed out."""
        caller = caller_of(request.state)
        if caller.session is None:
            raise unauthorized(was_given=caller.gave_token)
        if caller.by_cookie:
            self.check_origin(request)
        return caller.session

    def check_origin(self, request: Request) -> None:
        """Refuse with 403 when the browser says that another site sent the request."""
        if self.cookie.is_cross_site(request.method, request.headers):
            raise wrong_origin()

    def give_cookie(self, request: Request, session: Session) -> str:
        """Put a new token of the session into the answer's cookie; return the token."""
        token = self.authenticator.write_token(session)
        caller_of(request.state).set_cookie = self.cookie.issue(token, session.expires_at, self.clock.now())
        return token

    def remove_cookie(self, request: Request) -> None:
        """Have the answer delete the browser's cookie."""
        caller_of(request.state).set_cookie = self.cookie.expire()


@dataclass(frozen=True, slots=True)
class WithRight:
    """The dependency of a route that needs a right."""

    access: ApiAccess
    right: Right

    async def __call__(self, request: Request) -> Operator:
        operator = await self.access.operator(request)
        if not may(operator.role, self.right):
            raise role_forbids(operator.role)
        return operator


async def read_model(request: Request, model: type[M]) -> M:
    """Read the body as `model`. Raises Problem: 415 unless it is sent as JSON, 413, 408, 400 for no JSON, 422."""
    if media_type_of(request) != "application/json":
        raise Problem(415, "wrong_type", "Send JSON, with Content-Type: application/json.")
    body = await read_body(request, API_BODY_MAX)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors()):
            raise Problem(400, "bad_json", "This is no JSON.") from None
        raise invalid_request(error) from None
