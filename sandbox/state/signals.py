"""Waiting without polling: signals, timers of the event loop, and the event stream."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any


class Signal:
    """Wakes all tasks that wait for it. It stores no state: a `fire` without waiting tasks has no effect."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def fire(self) -> None:
        """Wake all waiting tasks."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        """Wait for the next `fire`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(future)

    async def until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `holds()` is true, checking now and after every `fire`. False after `timeout_s` real seconds."""
        if holds():
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not holds():
                    await self.wait()
        return holds()


async def pause(seconds: float) -> None:
    """Sleep for real `seconds` (latency and `delay` faults)."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    handle = loop.call_later(seconds, _finish, done)
    try:
        await done
    finally:
        handle.cancel()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Events:
    """Publishes small JSON events to all listening pages. A listener 1000 events behind loses the oldest ones."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    @property
    def has_listeners(self) -> bool:
        """Whether a published event would be received."""
        return bool(self._listeners)

    def publish(self, event: dict[str, Any]) -> None:
        """Queue `event` for every listener."""
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    def listen(self) -> asyncio.Queue[dict[str, Any]]:
        """Add a listener and return its queue, which has to be passed to `leave`."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=1000)
        self._listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        """Remove a listener."""
        self._listeners.discard(queue)
