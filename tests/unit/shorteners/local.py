"""A stub provider on 127.0.0.1, and handlers with which it can answer."""

import asyncio
import json
import os
import resource
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from shorteners.providers import Provider

#: with every character that has a meaning in a URL
KEY = "k3y&odd=/#?%2B+sign"
TOKEN = "Tok3n0123456789abcdefABCDEF01234"
DESTINATION = f"https://bot.example/v/{TOKEN}"
LINK = "https://s.example/aB3"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stub:
    """The requests the provider received, and the handler that answers."""

    def __init__(self, answer: Handler) -> None:
        self.answer = answer
        self.asked: list[web.Request] = []
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.answer(request)

    def provider(self, name: str = "stub", *, path: str = "/api", **more: Any) -> Provider:
        return Provider(name, f"http://127.0.0.1:{self.port}{path}", SecretStr(KEY), **more)


@asynccontextmanager
async def stub(answer: Handler) -> AsyncIterator[Stub]:
    """Run a provider that answers every request by `answer`."""
    made = Stub(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    server = TestServer(app, host="127.0.0.1")
    # a handler may never return
    await server.start_server(shutdown_timeout=0.01)
    assert server.port
    made.port = server.port
    try:
        yield made
    finally:
        await server.close()


@contextmanager
def no_files_left() -> Iterator[None]:
    """Let this process open no further file or socket while the block runs."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 2, limits[1]))
        with suppress(OSError):
            while True:
                stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        yield


@asynccontextmanager
async def raw_server(answer: bytes) -> AsyncIterator[int]:
    """Run a server that answers any request with these bytes and closes the connection. Yields its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def giving(body: Any, status: int = 200, **headers: str) -> Handler:
    """Answer with text or bytes unchanged, anything else as JSON; as text/html, like many providers."""
    content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=content, status=status, headers={"Content-Type": "text/html"} | named)

    return answer


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("waits for ever")


async def begin_and_hang(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b'{"shortenedUrl": "')
    return await hang(request)


async def break_off(request: web.Request) -> web.StreamResponse:
    """Send half an answer, then reset the connection."""
    answer = web.StreamResponse(headers={"Content-Length": "500"})
    await answer.prepare(request)
    await answer.write(b'{"shortenedUrl": "')
    return await hang_up(request)


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))
    request.transport.close()
    return web.Response()
