"""The port the server listens on, and how a restart closes it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

from aiohttp import web

from sandbox.state.signals import pause


class Port:
    """The listening port. A restart closes it for a time, and with it the idle connections of bots."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
        self._host, self._port = host, port
        self._site: web.TCPSite | None = None
        self._closing: asyncio.Task[None] | None = None
        self._idle: WeakSet[asyncio.Transport] = WeakSet()
        #: replaced by tests
        self.sleep: Callable[[float], Awaitable[None]] = pause

    async def open(self) -> str:
        """Listen; returns the address."""
        self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._site.start()
        self._port = int(self._runner.addresses[0][1])
        return f"http://{self._host}:{self._port}"

    @contextmanager
    def serving(self, transport: asyncio.Transport | None) -> Iterator[None]:
        """Mark a bot's connection as in use, and as idle afterwards."""
        if transport is not None:
            self._idle.discard(transport)
        yield
        if transport is not None:
            self._idle.add(transport)

    def close_for(self, seconds: float) -> None:
        """Refuse connections for `seconds`, from now on."""
        if self._site is None:
            return
        for transport in list(self._idle):
            transport.close()
        site, self._site = self._site, None
        self._closing = asyncio.create_task(self._reopen(site, seconds), name="sandbox.port")

    async def _reopen(self, site: web.TCPSite, seconds: float) -> None:
        await site.stop()
        await self.sleep(seconds)
        await self.open()

    async def end(self) -> None:
        """Stop waiting to open again."""
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.gather(self._closing, return_exceptions=True)
