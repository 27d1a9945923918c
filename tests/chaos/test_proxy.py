"""The store's proxy: reads commands from the wire, holds one, becomes unavailable and recovers."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import bson
import pytest

from tests.chaos.proxy import Hold, StoreProxy, command_of


def message(request: int, command: dict[str, object], answer_to: int = 0) -> bytes:
    body = struct.pack("<i", 0) + b"\0" + bson.encode(command)
    return struct.pack("<iiii", 16 + len(body), request, answer_to, 2013) + body


class Line:
    """One connection through the proxy to a server that answers {ok: 1}."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._request = 0

    def send(self, command: dict[str, object]) -> None:
        self._request += 1
        self._writer.write(message(self._request, command))

    async def answer(self) -> int:
        """Return the number of the answered request. Raises IncompleteReadError when the connection is cut."""
        header = await self._reader.readexactly(16)
        length, _, answer_to, _ = struct.unpack("<iiii", header)
        await self._reader.readexactly(length - 16)
        return int(answer_to)

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class Server:
    """Records the commands it received."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length, request, _, _ = struct.unpack("<iiii", await reader.readexactly(16))
                self.commands.append(command_of(await reader.readexactly(length - 16)))
                writer.write(message(1, {"ok": 1}, answer_to=request))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        yield server, listening.sockets[0].getsockname()[1]


@pytest.fixture
async def proxy(server: tuple[Server, int]) -> AsyncIterator[StoreProxy]:
    async with StoreProxy(server[1]) as proxy:
        yield proxy


Connect = Callable[[], Awaitable[Line]]


@pytest.fixture
async def connect(proxy: StoreProxy) -> AsyncIterator[Connect]:
    """Open connections through the proxy, closed after the test."""
    lines: list[Line] = []

    async def line() -> Line:
        lines.append(Line(*await asyncio.open_connection("127.0.0.1", proxy.port)))
        return lines[-1]

    yield line
    for open_line in lines:
        await open_line.close()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ({"insert": "pending_deletions", "documents": []}, ("insert", "pending_deletions")),
        ({"findAndModify": "größe"}, ("findAndModify", "größe")),
        ({"hello": 1}, ("hello", "")),
    ],
)
def test_command_is_parsed_from_the_wire(command: dict[str, object], expected: tuple[str, str]) -> None:
    assert command_of(message(1, command)[16:]) == expected


async def test_commands_are_forwarded_and_counted(
    proxy: StoreProxy, connect: Connect, server: tuple[Server, int]
) -> None:
    line = await connect()
    for _ in range(3):
        line.send({"insert": "users"})
    assert [await line.answer() for _ in range(3)] == [1, 2, 3]
    assert proxy.commands == {("insert", "users"): 3}


async def held(proxy: StoreProxy, line: Line, *, is_answered: bool) -> Hold:
    hold = proxy.hold("insert", "users", 2, is_answered=is_answered)
    for _ in range(2):
        line.send({"insert": "users"})
    assert await line.answer() == 1
    await hold.reached.wait()
    return hold


async def test_command_held_before_execution_has_not_reached_the_server(
    proxy: StoreProxy, connect: Connect, server: tuple[Server, int]
) -> None:
    line = await connect()
    hold = await held(proxy, line, is_answered=False)
    assert len(server[0].commands) == 1
    proxy.release(hold)
    assert await line.answer() == 2


async def test_command_held_after_execution_has_reached_the_server(
    proxy: StoreProxy, connect: Connect, server: tuple[Server, int]
) -> None:
    line = await connect()
    hold = await held(proxy, line, is_answered=True)
    assert len(server[0].commands) == 2
    proxy.release(hold)
    assert await line.answer() == 2


async def test_unavailable_store_cuts_old_and_new_connections(proxy: StoreProxy, connect: Connect) -> None:
    line = await connect()
    line.send({"insert": "users"})
    assert await line.answer() == 1
    proxy.go_away()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await line.answer()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await (await connect()).answer()
    proxy.heal()
    line = await connect()
    line.send({"insert": "users"})
    assert await line.answer() == 1


async def test_silent_store_answers_after_heal(proxy: StoreProxy, connect: Connect, server: tuple[Server, int]) -> None:
    line = await connect()
    proxy.fall_silent()
    line.send({"insert": "users"})
    answer = asyncio.ensure_future(line.answer())
    for _ in range(1000):  # until the proxy has received it
        await asyncio.sleep(0)
    assert proxy.commands
    assert server[0].commands == []
    assert not answer.done()
    proxy.heal()
    assert await answer == 1
