"""uvicorn in our loop: it listens where we say, and begins, logs and ends as the rest of the process does."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp
from uvicorn import Config, Server

#: connections, and requests, at once: below the 1024 files a process may open by default; above it uvicorn answers 503
CONCURRENCY_MAX = 800
#: seconds a connection without a request is kept
KEEP_ALIVE_S = 5
#: seconds requests under way get at a stop; what has not ended by then is cancelled
DRAIN_S = 1
_BACKLOG = 512


class _QuietServer(Server):
    """Signals are the process's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """An app on a port of this machine. `listen` first: a port that is taken is found out before anything runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._server = _QuietServer(
            Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                # addresses hold tokens: no access log; our logging stays as it is
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONCURRENCY_MAX,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=DRAIN_S,
                backlog=_BACKLOG,
            )
        )
        self._socket: socket.socket | None = None

    def listen(self, host: str, port: int) -> int:
        """Take the port; 0 takes any free one. Returns the port it is. Raises OSError when it cannot be had."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # asyncio turns Nagle's algorithm off only where the socket says that it is TCP; with it each answer on a kept
        # connection waits 40 ms for the client's delayed acknowledgement
        self._socket = socket.socket(made.family, made.type, socket.IPPROTO_TCP, made.detach())
        return int(self._socket.getsockname()[1])

    async def serve(self) -> None:
        """Answer requests until `stop`; `listen` comes before."""
        if self._socket is None:
            raise RuntimeError("listen first")
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self.close()

    async def stop(self) -> bool:
        """Have `serve` end: no new connection, requests under way end or are cancelled after DRAIN_S. Always True."""
        self._server.should_exit = True
        return True

    def close(self) -> None:
        """Give the port back; for a server that never came to serve."""
        if self._socket is not None:
            self._socket.close()
