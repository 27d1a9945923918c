"""A proxy between the bots and the store that counts commands, holds one of them, or becomes unavailable.

Wire format: a header of four little-endian int32 (length, request id, response to, opcode), then the message; an OP_MSG
has four bytes of flags, a section of kind 0 and the command, whose first field names it
(https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/).
"""

import asyncio
import struct
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

_HEADER = struct.Struct("<iiii")
_OP_MSG = 2013
#: offset of the first field of an OP_MSG's command: flags, kind of section, length of the document
_FIRST_FIELD = 4 + 1 + 4
_STRING = 2
#: what ends a pump when its connection is cut, or closed by the other side
_GONE = (ConnectionError, asyncio.IncompleteReadError, OSError)


def command_of(body: bytes) -> tuple[str, str]:
    """Return the command and collection of an OP_MSG without its header (collection "" when the value is no string)."""
    kind = body[_FIRST_FIELD]
    name_ends = body.index(0, _FIRST_FIELD + 1)
    name = body[_FIRST_FIELD + 1 : name_ends].decode()
    if kind != _STRING:
        return name, ""
    (length,) = struct.unpack_from("<i", body, name_ends + 1)
    return name, body[name_ends + 5 : name_ends + 4 + length].decode()


@dataclass(eq=False, slots=True)
class Hold:
    """A hold on the n-th such command: before the server receives it, or before its answer is returned."""

    command: tuple[str, str]
    nth: int
    is_answered: bool
    seen: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, command: tuple[str, str]) -> bool:
        """Count a command; return whether it is the one to hold."""
        if command != self.command:
            return False
        self.seen += 1
        return self.seen == self.nth


class StoreProxy:
    """Listens on a free loopback port and forwards to the server on `server_port`."""

    def __init__(self, server_port: int) -> None:
        self.port = 0
        #: commands received, by name and collection
        self.commands: Counter[tuple[str, str]] = Counter()
        self._server_port = server_port
        self._holds: list[Hold] = []
        self._is_away = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "StoreProxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.heal()
        for hold in tuple(self._holds):
            self.release(hold)
        self.cut()
        await asyncio.gather(*self._serving)
        await self._server.wait_closed()

    def hold(self, command: str, collection: str, nth: int, *, is_answered: bool) -> Hold:
        """Hold the n-th such command, counted from now."""
        hold = Hold((command, collection), nth, is_answered)
        self._holds.append(hold)
        return hold

    def release(self, hold: Hold) -> None:
        """Release a held command, or cancel a hold that was not reached."""
        if hold in self._holds:
            self._holds.remove(hold)
        hold.released.set()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def go_away(self) -> None:
        """Reset every connection, and new ones until `heal`."""
        self._is_away = True
        self.cut()

    def fall_silent(self) -> None:
        """Accept everything and forward nothing until `heal`."""
        self._flows.clear()

    def heal(self) -> None:
        """End `go_away` and `fall_silent`."""
        self._is_away = False
        self._flows.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_away:
            writer.transport.abort()
            return
        try:
            upstream, upstream_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, upstream_writer}
        self._writers |= ends
        held: dict[int, Hold] = {}
        pumps = [
            asyncio.create_task(self._pump_requests(reader, upstream_writer, held)),
            asyncio.create_task(self._pump_answers(upstream, writer, held)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pump_requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, held: dict[int, Hold]
    ) -> None:
        with suppress(*_GONE):
            while True:
                header = await reader.readexactly(_HEADER.size)
                length, request, _, opcode = _HEADER.unpack(header)
                body = await reader.readexactly(length - _HEADER.size)
                if opcode == _OP_MSG:
                    await self._look(command_of(body), request, held)
                await self._flows.wait()
                writer.write(header + body)
                await writer.drain()

    async def _look(self, command: tuple[str, str], request: int, held: dict[int, Hold]) -> None:
        self.commands[command] += 1
        for hold in tuple(self._holds):
            if not hold.matches(command):
                continue
            if hold.is_answered:
                held[request] = hold
                continue
            hold.reached.set()
            await hold.released.wait()

    async def _pump_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, held: dict[int, Hold]
    ) -> None:
        with suppress(*_GONE):
            while True:
                header = await reader.readexactly(_HEADER.size)
                length, _, answer_to, _ = _HEADER.unpack(header)
                body = await reader.readexactly(length - _HEADER.size)
                hold = held.pop(answer_to, None)
                if hold is not None:
                    hold.reached.set()
                    await hold.released.wait()
                await self._flows.wait()
                writer.write(header + body)
                await writer.drain()
