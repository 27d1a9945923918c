"""A balancer that gives each request to the next process in turn, as the proxies in use do."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress

#: what ends a request when one side is gone
_GONE = (ConnectionError, asyncio.IncompleteReadError, OSError)
_BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


class Balancer:
    """Listens on a loopback port. A process that refuses the connection is passed over; one that is cut is not."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.port = 0
        #: requests each port has answered
        self.answered = dict.fromkeys(ports, 0)
        self._turns = itertools.cycle(ports)
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Balancer":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._serving)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self._writers.add(writer)
        try:
            with suppress(*_GONE):
                while request := await _message(reader):
                    writer.write(await self._forward(request))
                    await writer.drain()
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._serving.discard(task)

    async def _forward(self, request: bytes) -> bytes:
        """Return the answer of the next process that takes the connection. Raises ConnectionError when it is cut."""
        for port in itertools.islice(self._turns, len(self.answered)):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self._writers.add(writer)
            try:
                writer.write(request)
                answer = await _message(reader)
            finally:
                writer.transport.abort()
                self._writers.discard(writer)
            if not answer:
                raise ConnectionResetError
            self.answered[port] += 1
            return answer
        return _BAD_GATEWAY


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read one request or answer that says its length; b"" at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)
