"""Whose turn it is: the calls of one bot that wait, and when each may start. Knows nothing of aiogram.

There is no background task. Of the calls that wait, one sleeps until the next moment something may start, wakes the
calls whose turn it is, and hands the sleeping on when it leaves. So a cancelled call takes nothing with it.
"""

import asyncio
import itertools
import math

from core.clock import Clock
from sender.lane_queue import Call, LaneQueue
from sender.lanes import Lane
from sender.limits import BulkTokenBucket, ChatKey, Chats, RateLimit, TokenBucket

#: one sleep at most: how late a call may notice that another one's leaving made it free earlier
LONGEST_NAP_S = 1.0
#: moments closer than this are the same (timers and sums of floats are not exact)
EPSILON_S = 1e-6


class PausedTooLong(Exception):
    """The call was not made: its chat or lane is paused for longer than its lane waits. `seconds` are left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.1f} s more")
        self.seconds = seconds


class CallScheduler:
    """Gives one bot's calls their turn. Belongs to one event loop; not for threads.

    Higher lanes first, arrival order within a lane, and within a lane a chat's calls never overtake each other.
    """

    def __init__(
        self,
        rate_per_s: float,
        bulk_rate_per_s: float,
        clock: Clock,
        *,
        unmetered_chats: set[int],
        transit_s: float = 0.0,
    ) -> None:
        self._clock = clock
        self._unmetered = unmetered_chats
        self._ceiling = RateLimit(rate_per_s, transit_s)
        bulk_rate_per_s = min(bulk_rate_per_s, rate_per_s)
        #: what the lanes that can wait may take of the ceiling: evenly, and only what people leave
        self._room = TokenBucket(bulk_rate_per_s)
        self._bulk = BulkTokenBucket(bulk_rate_per_s)
        self._bulk_paused_until = -math.inf
        self._last_halved = -math.inf
        self._chats = Chats()
        self._lines = (LaneQueue(), LaneQueue(self._room), LaneQueue(self._room, self._bulk))
        self._interactive = self._lines[Lane.INTERACTIVE].calls
        self._numbers = itertools.count()
        #: the next moment a waiting call may start, as of the last look
        self._next_at = math.inf
        #: who sleeps, and until when
        self._naps: dict[Call, float] = {}

    def new_call(self, lane: Lane, key: ChatKey | None, items: int) -> Call:
        """A call that arrives now. `items` is how many messages it makes in its chat."""
        return Call(next(self._numbers), lane, key, items)

    @property
    def chats_remembered(self) -> int:
        return len(self._chats)

    @property
    def bulk_rate(self) -> float:
        """Bulk calls per second as flood control allows them now."""
        return self._bulk.rate(self._clock.monotonic())

    def waiting(self, lane: Lane) -> int:
        """How many calls of `lane` wait for their turn."""
        return len(self._lines[lane].calls)

    # the fast path

    def start_now(self, call: Call) -> bool:
        """Start an interactive call when nobody is ahead of it and every limit has room; else change nothing."""
        if call.lane is not Lane.INTERACTIVE or self._interactive:
            return False
        now = self._clock.monotonic()
        soon = now + EPSILON_S
        if self._ceiling.free_at() > soon or call.not_before > soon or self._chat_free_at(call, now) > soon:
            return False
        self._charge(call, now)
        return True

    # waiting

    async def wait(self, call: Call) -> None:
        """Return when the call may start; its budget is taken. Raises PausedTooLong; safe to cancel at any moment."""
        began = self._clock.monotonic()
        call.is_started = False
        call.give_up_at = began + call.patience_s
        self._check_patience(call, began)
        line = self._lines[call.lane]
        line.add(call)
        try:
            self._look()
            while not call.is_started:
                await self._wait_a_while(call)
        finally:
            if not call.is_started and call.refused_until is None:
                line.calls.remove(call)
                self._look()
            call.patience_s -= self._clock.monotonic() - began
            self._hand_over()

    async def wait_out_pause(self, call: Call) -> None:
        """Return when the call's chat is not paused; nothing else is looked at. Raises PausedTooLong."""
        began = self._clock.monotonic()
        call.give_up_at = began + call.patience_s
        while (until := max(call.not_before, self._paused_until(call.key))) > self._clock.monotonic() + EPSILON_S:
            if until > call.give_up_at and until > call.not_before:
                raise PausedTooLong(until - self._clock.monotonic())
            await self._clock.sleep(min(until - self._clock.monotonic(), LONGEST_NAP_S))
        call.started_at = self._clock.monotonic()
        call.patience_s -= call.started_at - began

    # flood control

    def pause(self, call: Call, pause_s: float) -> bool:
        """Write down Telegram's wish to wait `pause_s` after `call`; tells whether `call` is patient enough.

        A call that concerns a chat pauses that chat and the bulk lane, and halves the bulk rate once per incident:
        answers to calls that left before the last halving are echoes of it. Another call waits alone. Waiting calls
        that will not wait as long are refused now.
        """
        now = self._clock.monotonic()
        until = now + pause_s
        if call.key is None:
            call.not_before = until
            return pause_s <= call.patience_s
        is_echo = call.started_at <= self._last_halved
        self._hold(call.key, now, until, halve=not is_echo)
        if not is_echo:
            self._last_halved = now
        return self._held_until(call) - now <= call.patience_s

    def restore(self, key: ChatKey, left_s: float) -> None:
        """Take up a pause that began before this process: its chat and the bulk lane, for `left_s` from now.

        The bulk rate stays as it is. Nothing happens when nothing is left; no pause is shortened.
        """
        if left_s > 0:
            now = self._clock.monotonic()
            self._hold(key, now, now + left_s, halve=False)

    def _hold(self, key: ChatKey, now: float, until: float, *, halve: bool) -> None:
        self._chats.take(key, now).pause(until)
        self._bulk.pause(now, until, halve=halve)
        self._bulk_paused_until = max(self._bulk_paused_until, until)
        self._refuse_impatient()

    def _refuse_impatient(self) -> None:
        for line in self._lines:
            for call in tuple(line.calls):
                until = self._held_until(call)
                if until > call.give_up_at:
                    call.refused_until = until
                    line.calls.remove(call)
                    _wake(call)

    def _check_patience(self, call: Call, now: float) -> None:
        until = self._held_until(call)
        if until > now + EPSILON_S and until > call.give_up_at:
            raise PausedTooLong(until - now)

    def _held_until(self, call: Call) -> float:
        until = self._paused_until(call.key)
        return max(until, self._bulk_paused_until) if call.lane is Lane.BULK else until

    def _paused_until(self, key: ChatKey | None) -> float:
        limits = None if key is None else self._chats.find(key)
        return -math.inf if limits is None else limits.paused_until

    # whose turn it is

    def _look(self) -> None:
        """Start every call whose turn it is, and note when the next one comes."""
        now = self._clock.monotonic()
        soon = now + EPSILON_S
        self._next_at = math.inf
        for line in self._lines:
            while line.calls:
                at = line.free_at(self._ceiling.free_at())
                if at > soon:
                    self._next_at = min(self._next_at, at)
                    break
                call, at = self._first_free(line, now)
                if call is None:
                    self._next_at = min(self._next_at, at)
                    break
                line.calls.remove(call)
                self._charge(call, now)
                _wake(call)

    def _first_free(self, line: LaneQueue, now: float) -> tuple[Call | None, float]:
        """The first call of a line that may start, or None and when one may. A held call holds its chat's next ones."""
        held: set[ChatKey] = set()
        earliest = math.inf
        for call in line.calls:
            if call.key in held or (call.wake is not None and call.wake.cancelled()):
                continue
            at = max(call.not_before, self._chat_free_at(call, now))
            if at <= now + EPSILON_S:
                return call, at
            earliest = min(earliest, at)
            if call.key is not None:
                held.add(call.key)
        return None, earliest

    def _chat_free_at(self, call: Call, now: float) -> float:
        limits = None if call.key is None else self._chats.find(call.key)
        if limits is None:
            return -math.inf
        if not call.items or call.key in self._unmetered:
            return limits.paused_until
        return limits.free_at(now, call.items, patient=call.lane is Lane.BULK)

    def _charge(self, call: Call, now: float) -> None:
        self._ceiling.charge(now)
        if call.lane is Lane.INTERACTIVE:
            self._room.give_way(now)
        else:
            for pace in self._lines[call.lane].paces:
                pace.charge(now)
        if call.items and call.key is not None and call.key not in self._unmetered:
            self._chats.take(call.key, now).charge(now, call.items)
        call.is_started = True
        call.started_at = now

    # who sleeps

    async def _wait_a_while(self, call: Call) -> None:
        if call.refused_until is not None:
            raise PausedTooLong(call.refused_until - self._clock.monotonic())
        if self._next_at >= min(self._naps.values(), default=math.inf):
            call.wake = asyncio.get_running_loop().create_future()
            try:
                await call.wake
            finally:
                call.wake = None
            return
        now = self._clock.monotonic()
        self._naps[call] = until = min(self._next_at, now + LONGEST_NAP_S)
        try:
            await self._clock.sleep(max(0.0, until - now))
        finally:
            del self._naps[call]
        self._look()

    def _hand_over(self) -> None:
        """See to it that a waiting call sleeps until the next start: wake one that can take over."""
        if self._next_at >= min(self._naps.values(), default=math.inf):
            return
        for call in itertools.chain.from_iterable(line.calls for line in self._lines):
            if call.wake is not None:
                # one that is just being cancelled hands over again
                _wake(call)
                return


def _wake(call: Call) -> None:
    if call.wake is not None and not call.wake.done():
        call.wake.set_result(None)
