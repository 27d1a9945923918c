"""The names under which the web app answers. Another name gets 421, so that no page of another site becomes ours.

Without this, a name of somebody else that leads to this machine (DNS rebinding) would have browsers take that site's
scripts for ours, and a proxy or cache in front could be told a wrong name.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.addresses import host_named, is_this_machine, parsed_address
from monitoring import metrics
from web_app.problems import bad_host, is_api, problem_response, wrong_host

#: answers under any name: load balancers ask for it by an address, or name no host at all
ALIVE = "/healthz"


class KnownHosts:
    """Answers 421 to a request for another host, and 400 where Host is malformed, is missing or is there twice.

    This machine's names (localhost, loopback addresses) are always known. The port is not compared: tunnels, containers
    and proxies change it, and it says nothing about whose name it is.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], *, takes_addresses: bool = False) -> None:
        """`hosts`: as `core.addresses.host_named` returns them. `takes_addresses`: every IP address is known, too."""
        self._app = app
        self._hosts = hosts
        self._takes_addresses = takes_addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != ALIVE and (problem := self._problem(scope)) is not None:
            metrics.WEB_REFUSED.labels("bad_host" if problem.status_code == 400 else "wrong_host").inc()
            await _answer(problem, scope)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> HTTPException | None:
        """Return why the request is refused; None when it is for us."""
        given = Headers(scope=scope).getlist("host")
        host = host_named(given[0]) if len(given) == 1 else None
        if host is None:
            return bad_host()
        return None if self._is_known(host) else wrong_host()

    def _is_known(self, host: str) -> bool:
        if host in self._hosts or is_this_machine(host):
            return True
        return self._takes_addresses and parsed_address(host) is not None


def _answer(problem: HTTPException, scope: Scope) -> Response:
    if is_api(scope["path"]):
        return problem_response(problem)
    return PlainTextResponse(f"{problem.detail}\n", problem.status_code)
