"""What is answered to a request by its method and framing, before any route sees it."""

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: those our routes have
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


class Methods:
    """OPTIONS and 405 name all methods of a path, which may be spread over several routes."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        """`routes`: of the whole app; later ones are seen, too."""
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and (allowed := self._allowed(scope)):
            await Response(status_code=204, headers={"Allow": allowed})(scope, receive, send)
            return

        async def with_all(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 405:
                MutableHeaders(scope=message)["Allow"] = self._allowed(scope)
            await send(message)

        await self._app(scope, receive, with_all)

    def _allowed(self, scope: Scope) -> str:
        """Return the methods of the request's path, comma separated; "" when there is no such path."""
        asked = ({**scope, "method": method} for method in METHODS)
        found = {one["method"] for one in asked if any(route.matches(one)[0] is Match.FULL for route in self._routes)}
        return ", ".join(sorted(found | {"OPTIONS"})) if found else ""


class OneLength:
    """Refuses a request that says its length in two ways: a proxy in front may believe the other one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if "transfer-encoding" in headers and "content-length" in headers:
                refusal = PlainTextResponse("two lengths of one request", 400, {"Connection": "close"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
