"""Waiting for requested runs to end, within one request. The rows are read: another process runs the jobs."""

from collections.abc import Awaitable, Callable, Sequence

from core.clock import Clock
from core.errors import StoreUnavailable
from core.jobs import JobRun
from database.operations import run_ops

#: seconds a request may wait; proxies give up after 60
WAIT_MAX_S = 50
#: whole seconds from 1 to WAIT_MAX_S, with or without the unit
WAIT_PATTERN = r"^([1-9]|[1-4][0-9]|50)s?$"
#: requests of this process that wait at once, each with two reads a second; further ones are answered at once
WAITING_MAX = 20
#: seconds between two reads
_POLL_S = 0.5


def read_wait(text: str) -> float:
    """Return the seconds of `30` or `30s`, which matches WAIT_PATTERN."""
    return float(text.removesuffix("s"))


class RunResults:
    """Waits for runs to end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting = 0

    async def wait(
        self, run_ids: Sequence[str], wait_s: float, is_gone: Callable[[], Awaitable[bool]]
    ) -> dict[str, JobRun]:
        """Return the runs that ended within `wait_s`, by id. Returns at once when too many requests wait already.

        Stops waiting when `is_gone` says that nobody reads the answer. The database may be away for a while.
        """
        if self._waiting >= WAITING_MAX:
            return {}
        until = self._clock.monotonic() + wait_s
        self._waiting += 1
        try:
            while True:
                ended = await _ended(run_ids)
                rest_s = until - self._clock.monotonic()
                if len(ended) == len(run_ids) or rest_s <= 0 or await is_gone():
                    return ended
                await self._clock.sleep(min(_POLL_S, rest_s))
        finally:
            self._waiting -= 1


async def _ended(run_ids: Sequence[str]) -> dict[str, JobRun]:
    try:
        runs = await run_ops.find_runs(run_ids)
    except StoreUnavailable:
        return {}  # the runs are requested; whether they have ended is asked again
    return {run.id: run for run in runs if run.outcome is not None}
