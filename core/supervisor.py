"""The one place that starts, keeps, logs and cancels background tasks (STYLE 16)."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("tollgate.supervisor")


class Supervisor:
    """Owns background tasks: each is named, its failure logged, all are ended by `close`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start `work` in the running loop and hold the task until it ends."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("task.failed", extra={"task": task.get_name()}, exc_info=error)

    @property
    def running(self) -> int:
        """The number of tasks that have not ended."""
        return len(self._tasks)

    async def close(self, wait_s: float = 0.0) -> None:
        """Wait up to `wait_s` seconds for the tasks, and those they start, to end by themselves; cancel the rest."""
        ends = asyncio.get_running_loop().time() + wait_s
        while self._tasks and (left_s := ends - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left_s)
            await asyncio.sleep(0)  # lets `_ended` run for them
        while tasks := set(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)
