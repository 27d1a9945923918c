"""Waiting without polling: one-shot signals, loop timers and the event stream."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any


class Signal:
    """Wakes everybody who waits, keeps nothing. Firing costs nothing while nobody waits."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def fire(self) -> None:
        """Wake all who wait now."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        """Return at the next `fire`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(future)

    async def until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """True once `holds()` (asked now and after every firing), False after `timeout_s` real seconds."""
        if holds():
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not holds():
                    await self.wait()
        return holds()


async def pause(seconds: float) -> None:
    """Hold one call back for real `seconds` by a loop timer (latency and `delay` faults)."""
    loop = asyncio.get_running_loop()
    rest: asyncio.Future[None] = loop.create_future()
    handle = loop.call_later(seconds, _finish, rest)
    try:
        await rest
    finally:
        handle.cancel()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Events:
    """Fan-out of small JSON events to the pages that listen. A listener that falls 1000 behind loses the oldest."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    @property
    def has_listeners(self) -> bool:
        """Whether anybody would receive a published event."""
        return bool(self._listeners)

    def publish(self, event: dict[str, Any]) -> None:
        """Hand `event` to every listener."""
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    def listen(self) -> asyncio.Queue[dict[str, Any]]:
        """A new listener's queue; give it back to `leave`."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=1000)
        self._listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        """Stop listening."""
        self._listeners.discard(queue)
