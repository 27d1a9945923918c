"""What every route of the API begins with: who is asking, from where, and what they wish."""

from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from core.admins import Role
from core.clock import Clock
from web_app.api.guard import API_BODY_MAX, caller_of
from web_app.auth.cookie import Cookies
from web_app.auth.sign_in import Door
from web_app.auth.tokens import Session
from web_app.bodies import media_type_of, read_body
from web_app.problems import Problem, from_elsewhere, misunderstood, unauthorized

W = TypeVar("W", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Operator:
    """An owner or a manager with a session."""

    user_id: int
    role: Role
    session: Session


class ApiAccess:
    """Dependencies of the routes; each raises Problem."""

    def __init__(self, door: Door, cookies: Cookies, clock: Clock) -> None:
        self.door = door
        self.cookies = cookies
        self.clock = clock

    async def operator(self, request: Request) -> Operator:
        """Who asks: 401 without a session, 403 for everybody but owners and managers, and from another site.

        A page's session that is about to end is replaced on the way.
        """
        session = self.session(request)
        role = await self.door.admit(session)
        if caller_of(request.state).by_cookie and session.is_due(self.clock.now()):
            self.keep(request, self.door.refresh(session, role))
        return Operator(session.user_id, role, session)

    def session(self, request: Request) -> Session:
        """The session of the request, which may have been signed out: that is not asked here."""
        caller = caller_of(request.state)
        if caller.session is None:
            raise unauthorized(was_given=caller.gave_token)
        if caller.by_cookie:
            self.check_origin(request)
        return caller.session

    def check_origin(self, request: Request) -> None:
        """403 when a browser says that another site sent it."""
        if self.cookies.is_from_elsewhere(request.method, request.headers):
            raise from_elsewhere()

    def keep(self, request: Request, session: Session) -> str:
        """Give the browser a token of the session; the token."""
        token = self.door.write(session)
        caller_of(request.state).set_cookie = self.cookies.keep(token, session.expires_at, self.clock.now())
        return token

    def forget(self, request: Request) -> None:
        """Take the browser's token away."""
        caller_of(request.state).set_cookie = self.cookies.forget()


async def read_model(request: Request, model: type[W]) -> W:
    """The body as `model`. Raises Problem: 415 for another type than JSON, 413, 408, 400 for no JSON, 422."""
    if media_type_of(request) != "application/json":
        raise Problem(415, "wrong_type", "Send JSON, with Content-Type: application/json.")
    body = await read_body(request, API_BODY_MAX)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors()):
            raise Problem(400, "bad_json", "This is no JSON.") from None
        raise misunderstood(error) from None
