"""Runs uvicorn in the process's event loop, with the process's own socket, logging and shutdown."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp
from uvicorn import Config, Server

from web_app.connections import HEADERS_S, capped, most_connections

#: seconds an idle connection is kept open
KEEP_ALIVE_S = 5
#: seconds running requests may take at a stop before they are cancelled
DRAIN_S = 1
#: connections the kernel keeps, and so many are accepted in one turn of the loop, before any of them is counted
_BACKLOG = 128


class _QuietServer(Server):
    """Leaves the process's signal handlers alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """Serves an app on a port. Call `listen` first: a port in use is reported before anything runs."""

    def __init__(self, app: ASGIApp, *, most: int | None = None, headers_s: float = HEADERS_S) -> None:
        """`most`: connections, by default as many as the process can afford. `headers_s`: see `connections`."""
        most = most_connections() if most is None else most
        self._server = _QuietServer(
            Config(
                app,
                http=capped(most, headers_s),
                ws="none",
                lifespan="off",
                # no access log: addresses hold tokens. The process has configured logging already
                access_log=False,
                log_config=None,
                # a warning is about what a client sends, or how often: anyone could fill the log
                log_level="error",
                server_header=False,
                proxy_headers=False,
                # with `most`, none waits that could make room: who comes then is told 503
                limit_concurrency=most + 1,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=DRAIN_S,
                backlog=_BACKLOG,
            )
        )
        self._socket: socket.socket | None = None

    def listen(self, host: str, port: int) -> int:
        """Bind the port, 0 for any free one, and return it. Raises OSError when it cannot be bound."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # asyncio disables Nagle's algorithm only on sockets with an explicit protocol TCP. With Nagle, each answer on a
        # kept-alive connection waits 40 ms for the client's delayed acknowledgement
        self._socket = socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, bound.detach())
        return int(self._socket.getsockname()[1])

    async def serve(self) -> None:
        """Answer requests until `stop`. Raises RuntimeError before `listen`."""
        if self._socket is None:
            raise RuntimeError("listen first")
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self.close()

    async def stop(self) -> bool:
        """Make `serve` return: no new connections; running requests are cancelled after DRAIN_S. Returns True."""
        self._server.should_exit = True
        return True

    def close(self) -> None:
        """Release the port of a server that was not served."""
        if self._socket is not None:
            self._socket.close()
