"""The balancer: in turn, past a process that is down, and a cut connection is cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.chaos.balancer import Balancer
from tests.chaos.stage import free_port

_REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def process(port: int, *, cuts: bool = False) -> AsyncIterator[None]:
    """Answer each request with the port, or cut the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(_REQUEST))
        if not cuts:
            said = str(port).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield


async def ask(port: int, times: int) -> list[bytes]:
    """Send requests over one connection; return the bodies of the answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        bodies = []
        for _ in range(times):
            writer.write(_REQUEST)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            bodies.append(await reader.readexactly(int(head.rpartition(b": ")[2])))
        return bodies
    finally:
        writer.transport.abort()


async def test_requests_of_one_connection_go_to_each_process_in_turn() -> None:
    ports = [free_port() for _ in range(3)]
    async with AsyncExitStack() as running, Balancer(ports) as balancer:
        for port in ports:
            await running.enter_async_context(process(port))
        assert await ask(balancer.port, 6) == [str(port).encode() for port in [*ports, *ports]]
        assert set(balancer.answered.values()) == {2}


async def test_a_process_that_is_down_is_passed_over_and_without_any_it_is_502() -> None:
    ports = [free_port() for _ in range(2)]
    async with Balancer(ports) as balancer:
        assert await ask(balancer.port, 1) == [b""]
        async with process(ports[1]):
            assert await ask(balancer.port, 2) == [str(ports[1]).encode()] * 2


async def test_a_request_that_is_cut_is_not_sent_to_another_process() -> None:
    port = free_port()
    async with Balancer([port]) as balancer, process(port, cuts=True):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await ask(balancer.port, 1)
