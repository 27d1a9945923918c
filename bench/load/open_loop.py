"""Requests at moments fixed beforehand, whatever the answers do: an open loop.

A request that has to wait for a free connection counts from its planned moment. Counted from its sending, a server that
stalls would delay the requests that would have shown it, and their waits with them (coordinated omission).
"""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.clock import Clock

#: seconds between two looks for requests that are due
LOOK_EVERY_S = 0.001
#: seconds before another attempt to connect
RECONNECT_S = 0.05
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Schedule:
    """Planned moments, in seconds from the start. What waited longer than `patience_s` is given up unsent."""

    def __init__(self, per_s: float, seconds: float, patience_s: float) -> None:
        self.offered = round(per_s * seconds)
        self.given_up = 0
        self._per_s, self._patience_s = per_s, patience_s
        self._taken = 0

    @property
    def is_over(self) -> bool:
        return self._taken == self.offered

    @property
    def sent(self) -> int:
        return self._taken - self.given_up

    def take(self, at_s: float) -> float | None:
        """Return the planned moment of the next request that is due; None when none is."""
        while not self.is_over and (planned_s := self._taken / self._per_s) <= at_s:
            self._taken += 1
            if at_s - planned_s <= self._patience_s:
                return planned_s
            self.given_up += 1
        return None


@dataclass(slots=True)
class Tally:
    """What became of the requests that were sent."""

    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    #: seconds from the planned moment to the whole answer, and from the sending
    waits_s: list[float] = field(default_factory=list)
    waits_from_sending_s: list[float] = field(default_factory=list)


class Answers:
    """Splits what a server sends into answers. Only answers that name their length are understood."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> int | None:
        """Return the status once an answer is whole. Raises ValueError for what is no answer of a known length."""
        self._received += data
        end = self._received.find(_HEAD_END)
        if end < 0:
            return None
        length = _LENGTH.search(self._received, 0, end)
        if length is None:
            raise ValueError("no length")
        whole = end + len(_HEAD_END) + int(length[1])
        if len(self._received) < whole:
            return None
        status = int(self._received[9:12])
        del self._received[:whole]
        return status


class _Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, loop_: "OpenLoop") -> None:
        self._loop = loop_
        self._answers = Answers()
        self._transport: asyncio.Transport | None = None
        self.lost = asyncio.get_running_loop().create_future()
        #: planned moment and moment of sending of the request under way
        self.under_way: tuple[float, float] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._loop.on_free(self)

    def send(self, request: bytes, planned_s: float, at_s: float) -> None:
        assert self._transport is not None
        self.under_way = planned_s, at_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            status = self._answers.feed(data)
        except ValueError:
            self.close()
            return
        if status is not None and self.under_way is not None:
            self._loop.on_answer(self, status)

    def connection_lost(self, exc: Exception | None) -> None:
        self._loop.on_lost(self)
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class OpenLoop:
    """Sends what a schedule says over at most `connections` connections that are kept open."""

    def __init__(self, address: tuple[str, int], requests: Sequence[bytes], schedule: Schedule, clock: Clock) -> None:
        """`requests`: sent in turn, from the first again behind the last."""
        self.tally = Tally()
        self._address = address
        self._requests = itertools.cycle(requests)
        self._schedule = schedule
        self._clock = clock
        self._started_at = 0.0
        self._free: list[_Connection] = []
        self._busy: set[_Connection] = set()

    async def run(self, connections: int, answer_within_s: float) -> float:
        """Send everything; return the seconds until the last answer.

        What is not answered `answer_within_s` after the last was sent has failed.
        """
        self._started_at = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            open_ones = [group.create_task(self._keep_open()) for _ in range(connections)]
            while not self._schedule.is_over:
                self._send_due()
                await self._clock.sleep(LOOK_EVERY_S)
            give_up_at = self._now() + answer_within_s
            while self._busy and self._now() < give_up_at:
                await self._clock.sleep(LOOK_EVERY_S)
            seconds = self._now()
            self.tally.errors["no answer"] += len(self._busy)
            for connection in (*self._free, *self._busy):
                connection.under_way = None
                connection.close()
            for task in open_ones:
                task.cancel()
        self.tally.errors += Counter()  # without zeros
        return seconds

    def on_free(self, connection: _Connection) -> None:
        """Send the next request that is due, if there is one; keep the connection for the next otherwise."""
        planned_s = self._schedule.take(at_s := self._now())
        if planned_s is None:
            self._free.append(connection)
        else:
            self._busy.add(connection)
            connection.send(next(self._requests), planned_s, at_s)

    def on_answer(self, connection: _Connection, status: int) -> None:
        assert connection.under_way is not None
        planned_s, sent_s = connection.under_way
        connection.under_way = None
        now = self._now()
        self.tally.statuses[status] += 1
        self.tally.waits_s.append(now - planned_s)
        self.tally.waits_from_sending_s.append(now - sent_s)
        self._busy.discard(connection)
        self.on_free(connection)

    def on_lost(self, connection: _Connection) -> None:
        if connection.under_way is not None:
            self.tally.errors["connection cut"] += 1
        connection.under_way = None
        self._busy.discard(connection)
        if connection in self._free:
            self._free.remove(connection)

    def _send_due(self) -> None:
        while self._free:
            connection = self._free.pop()
            self.on_free(connection)
            if self._free and self._free[-1] is connection:
                return  # none is due

    def _now(self) -> float:
        return self._clock.monotonic() - self._started_at

    async def _keep_open(self) -> None:
        """Connect again whenever the connection ends, until cancelled."""
        while True:
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self), *self._address
                )
            except OSError as error:
                self.tally.errors[type(error).__name__] += 1
                await self._clock.sleep(RECONNECT_S)
            else:
                await connection.lost
