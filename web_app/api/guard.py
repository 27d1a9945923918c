"""The middleware in front of the API: identifies the caller, limits requests and bodies, adds the cookie to the answer.

It never queries the database.
"""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web_app.auth.authenticator import Authenticator
from web_app.auth.tokens import Session
from web_app.bodies import is_longer
from web_app.clients import Clients
from web_app.problems import is_api, problem_response, too_many
from web_app.rate_limit import Limits, RateLimit

#: bytes of a body; the longest the API needs is a Mini App's data, 4 kB
API_BODY_MAX = 64 * 1024


@dataclass(slots=True)
class Caller:
    """Who sent a request, according to its token alone."""

    #: None without a valid token. Sign-outs and the role are in the database and checked later
    session: Session | None
    #: the request had a token, valid or not
    gave_token: bool
    #: the token was in the page's cookie
    by_cookie: bool
    #: value of the answer's Set-Cookie header
    set_cookie: str | None = None


def caller_of(state: Any) -> Caller:
    """Return the caller that ApiGuard stored in the request's `state`."""
    caller = state.caller
    assert isinstance(caller, Caller)
    return caller


class ApiGuard:
    """Stores a Caller in the request's state. Answers 429 above the limits, 413 when Content-Length is too large."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        limits: Limits,
        rate_limit: RateLimit,
        clients: Clients,
        cookie: str,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limits = limits
        self._rate_limit = rate_limit
        self._clients = clients
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._identify(headers)
        wait_s = self._count(scope, caller)
        if wait_s:
            await problem_response(too_many(wait_s))(scope, receive, send)
            return
        if is_longer(headers, API_BODY_MAX):
            await problem_response(HTTPException(413))(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                # answers depend on the session: a cache must not serve one person's to another
                answer.add_vary_header("Cookie, Authorization")
                if caller.set_cookie is not None:
                    answer.append("Set-Cookie", caller.set_cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _identify(self, headers: Headers) -> Caller:
        """Read the token. A bearer token wins over the cookie even when it is invalid: it was sent on purpose.

        Other schemes are ignored: a browser sends the Basic password of a proxy in front along with the cookie.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Caller(self._authenticator.read_token(token.strip()), gave_token=True, by_cookie=False)
        token = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        session = self._authenticator.read_token(token) if token else None
        return Caller(session, gave_token=bool(token), by_cookie=True)

    def _count(self, scope: Scope, caller: Caller) -> int:
        if caller.session is not None:
            return self._rate_limit.count(f"session {caller.session.sid}", self._limits.signed_in)
        return self._rate_limit.count(f"address {self._clients.address_of(scope)}", self._limits.unsigned)
