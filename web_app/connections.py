"""Connections of the web app: so many, each with a time for its headers, so that idle ones cannot keep others out.

The bots, the database and files need descriptors, too, of which a process has a limited number. When all connections
are taken, the one that has waited longest without a request is ended for the new one; when none waits, the one whose
request has been incomplete for longest. A flood of idle or slow connections consists of such; honest ones that wait are
kept for a few seconds only, and browsers open another.
"""

import asyncio
import math
import sys
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if sys.platform != "win32":
    import resource

#: connections at once, where the limit of open files allows
CONNECTIONS_MAX = 800
#: connections beyond the most that are told 503 when none waits; more are ended without a word
TURNED_AWAY_MAX = 32
#: seconds for the headers of a request, from the connection or the end of the answer before
HEADERS_S = 10.0
#: seconds in which a client has to take some more of its answer
TAKING_S = 30.0


def most_connections() -> int:
    """Return how many connections the web app may have: half of the files the process may open, at most."""
    if sys.platform == "win32":
        return CONNECTIONS_MAX
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS_MAX, soft // 2))


def capped(most: int, headers_s: float = HEADERS_S) -> type[H11Protocol]:
    """Return the protocol of one server with at most `most` connections."""
    return type("Capped", (_Capped,), {"most": most, "headers_s": headers_s, "waiting": {}, "reading": {}})


class _Capped(H11Protocol):
    most: ClassVar[int]
    headers_s: ClassVar[float]
    #: the connections of this server without a running request, the one that has waited longest first
    waiting: ClassVar[dict["_Capped", None]]
    #: those whose request's body is incomplete, the one that began first before the others
    reading: ClassVar[dict["_Capped", None]]

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        self.reading.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._has_request()

    def on_response_complete(self) -> None:
        self.reading.pop(self, None)
        self._wait()
        super().on_response_complete()
        # what it had sent in advance may have begun the next request
        if not self.cycle.response_complete:
            self._has_request()

    def _has_request(self) -> None:
        self._wait_no_longer()
        if self.conn.their_state is h11.SEND_BODY:
            self.reading.setdefault(self)
        else:
            self.reading.pop(self, None)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._give_time(TAKING_S)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self not in self.waiting:
            self._stop_time()

    def _make_room(self) -> None:
        oldest = next((one for one in (*self.waiting, *self.reading) if one is not self), None)
        if oldest is not None:
            oldest.transport.abort()
            # its loss is reported in the next turn of the loop, and others may come in this one
            oldest._wait_no_longer()
            self.reading.pop(oldest, None)
            self.connections.discard(oldest)
        elif len(self.connections) > self.most + TURNED_AWAY_MAX:
            self.transport.abort()

    def _wait(self) -> None:
        if not self.transport.is_closing():
            self.waiting.pop(self, None)
            self.waiting[self] = None
            self._give_time(self.headers_s)

    def _wait_no_longer(self) -> None:
        if self in self.waiting:
            del self.waiting[self]
            self._stop_time()

    def _give_time(self, seconds: float, left_before: float = math.inf) -> None:
        """End the connection in `seconds`, unless the client has taken some of its answer by then."""
        self._stop_time()
        self._limit = self.loop.call_later(seconds, self._time_is_up, left_before)

    def _time_is_up(self, left_before: float) -> None:
        left = self.transport.get_write_buffer_size()
        if 0 < left < left_before:
            self._give_time(TAKING_S, left)
        else:
            self.transport.abort()

    def _stop_time(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
