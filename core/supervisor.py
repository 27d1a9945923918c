"""The one place that starts, keeps, logs and cancels background tasks (STYLE 16)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from core.clock import Clock

log = logging.getLogger("tollgate.supervisor")

#: seconds before a loop that failed is started again: doubled with each failure in a row
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
#: a loop that has run for so many seconds since its last failure works again
STEADY_AFTER_S = 300.0
#: loops whose failures are remembered; there are some twenty
_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class LoopFailure:
    """The last failure of one loop. Seconds are monotonic."""

    failed_at_s: float
    #: failures with less than STEADY_AFTER_S between them
    in_a_row: int
    error: BaseException


class LoopFailures:
    """The loops of this process that have failed, by name, until somebody has noted that they work again."""

    def __init__(self) -> None:
        self._failed: dict[str, LoopFailure] = {}

    def note(self, name: str, error: BaseException, now_s: float) -> int:
        """Note a failure; return how many there were in a row."""
        before = self._failed.get(name)
        is_in_a_row = before is not None and now_s - before.failed_at_s < STEADY_AFTER_S
        in_a_row = before.in_a_row + 1 if before is not None and is_in_a_row else 1
        if name in self._failed or len(self._failed) < _REMEMBERED:
            self._failed[name] = LoopFailure(now_s, in_a_row, error)
        return in_a_row

    def forget(self, name: str) -> None:
        """Forget a loop that works again; an unknown one is ignored."""
        self._failed.pop(name, None)

    def all(self) -> Mapping[str, LoopFailure]:
        """Return the failures by the name of their loop."""
        return dict(self._failed)


#: those of every supervisor of this process
LOOP_FAILURES = LoopFailures()


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

    def keep_running(
        self, work: Callable[[], Coroutine[Any, Any, object]], name: str, clock: Clock
    ) -> asyncio.Task[None]:
        """Start a loop, and start it again with growing pauses whenever it fails, whatever the error.

        Returns a task that ends when the loop returns or is cancelled. Cancelling it cancels the loop and waits for it.
        """
        first = self.spawn(work(), name)
        keeper = self.spawn(self._keep(first, work, name, clock), f"{name}: kept running")
        # cancelled before its first step it has cancelled nothing
        keeper.add_done_callback(lambda _: first.cancel())
        return keeper

    async def _keep(
        self, task: asyncio.Task[object], work: Callable[[], Coroutine[Any, Any, object]], name: str, clock: Clock
    ) -> None:
        while True:
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                # once is enough: a second time would cut off what it does at its end
                if not task.cancelling():
                    task.cancel()
                await asyncio.wait({task})
                raise
            error = None if task.cancelled() else task.exception()
            if error is None:
                return
            in_a_row = LOOP_FAILURES.note(name, error, clock.monotonic())
            await clock.sleep(min(FIRST_PAUSE_S * 2 ** min(in_a_row - 1, 10), LONGEST_PAUSE_S))
            task = self.spawn(work(), name)

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
