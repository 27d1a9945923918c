"""How waiting calls sleep: one until the next start is due, the others until they are woken."""

import asyncio
import itertools
import math
from collections import OrderedDict

from core.clock import Clock
from sender.limiting.lane_queue import ApiCall

#: longest single sleep: how late a change that wakes nobody is noticed (a chat that becomes unmetered)
LONGEST_SLEEP_S = 1.0


class CallWaits:
    """The sleeping and the parked calls of one scheduler. Belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: when the next waiting call may start
        self.next_at = math.inf
        #: the calls that sleep, and until when
        self.sleepers: dict[ApiCall, float] = {}
        #: the calls that wait for another to wake them, the longest waiting first
        self._parked: OrderedDict[ApiCall, None] = OrderedDict()

    async def wait(self, call: ApiCall) -> bool:
        """Sleep until the next start and return True, or wait to be woken when another call sleeps already."""
        if self._is_watched():
            call.wake = asyncio.get_running_loop().create_future()
            self._parked[call] = None
            try:
                await call.wake
            finally:
                self._parked.pop(call, None)
                call.wake = None
            return False
        now = self._clock.monotonic()
        self.sleepers[call] = until = min(self.next_at, now + LONGEST_SLEEP_S)
        try:
            async with asyncio.timeout(None) as call.sleep:
                await self._clock.sleep(max(0.0, until - now))
        except TimeoutError:
            # woken: it was started or refused by another
            return False
        finally:
            call.sleep = None
            del self.sleepers[call]
        return True

    def wake(self, call: ApiCall) -> None:
        """End the wait of a call that was started or refused."""
        self._parked.pop(call, None)
        if call.wake is not None and not call.wake.done():
            call.wake.set_result(None)
        elif call.sleep is not None:
            call.sleep.reschedule(-math.inf)
            call.sleep = None

    def wake_successor(self) -> None:
        """Wake a call to sleep until the next start, unless one sleeps until then or until before."""
        if not self._is_watched():
            # if this one is being cancelled, it wakes the next; without parked calls one sleeps too long
            for call in itertools.islice(itertools.chain(self._parked, self.sleepers), 1):
                self.wake(call)

    def _is_watched(self) -> bool:
        return self.next_at >= min(self.sleepers.values(), default=math.inf)
