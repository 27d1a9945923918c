"""In front of the API: who asks, how often, how much; and the cookie on the way out. Asks the database nothing."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web_app.auth.cookie import NAME, Cookies
from web_app.auth.sign_in import Door
from web_app.auth.tokens import Session
from web_app.bodies import is_longer
from web_app.problems import is_api, refused, too_many
from web_app.rate_limit import Limits, RateLimit, address_of

#: bytes of a body; the longest the API needs is a Mini App's data, 4 kB
API_BODY_MAX = 64 * 1024


@dataclass(slots=True)
class Caller:
    """Who sent a request, as far as the request itself tells."""

    #: read from its token; whether it was signed out meanwhile, and the role, are asked of the database
    session: Session | None
    #: a token was there, good or bad
    gave_token: bool
    #: it came as the page's cookie
    by_cookie: bool
    #: the header Set-Cookie of the answer
    set_cookie: str | None = None


def caller_of(state: Any) -> Caller:
    """The caller of a request, by its `state`."""
    caller = state.caller
    assert isinstance(caller, Caller)
    return caller


class ApiGuard:
    """Puts a Caller into the request's state; 429 above the limits, 413 for a body announced too long."""

    def __init__(self, app: ASGIApp, door: Door, cookies: Cookies, limits: Limits, counts: RateLimit) -> None:
        self._app = app
        self._door = door
        self._cookies = cookies
        self._limits = limits
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._caller(headers)
        wait_s = self._count(scope, caller)
        if wait_s:
            await refused(too_many(wait_s))(scope, receive, send)
            return
        if is_longer(headers, API_BODY_MAX):
            await refused(HTTPException(413))(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                # what one person is told is nobody else's
                answer.add_vary_header("Cookie, Authorization")
                if caller.set_cookie is not None:
                    answer.append("Set-Cookie", caller.set_cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _caller(self, headers: Headers) -> Caller:
        """A bearer token is meant, the cookie comes by itself: the first goes before, good or bad.

        Any other scheme is not for us: a browser sends the password of a proxy in front along with the cookie.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Caller(self._door.read(token.strip()), gave_token=True, by_cookie=False)
        token = cookie_parser(headers.get("cookie", "")).get(NAME, "")
        session = self._door.read(token) if token else None
        return Caller(session, gave_token=bool(token), by_cookie=True)

    def _count(self, scope: Scope, caller: Caller) -> int:
        if caller.session is not None:
            return self._counts.count(f"session {caller.session.sid}", self._limits.signed_in)
        return self._counts.count(f"address {address_of(scope)}", self._limits.unsigned)
