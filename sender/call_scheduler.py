"""The order in which the waiting calls of one bot start, and when each may. Knows nothing of aiogram.

There is no background task. One of the waiting calls sleeps until the next moment something may start, starts the
calls that are due, and wakes a successor when it leaves. So a cancelled call leaves nothing behind.
"""

import asyncio
import itertools
import math

from core.clock import Clock
from sender.lane_queue import ApiCall, LaneQueue
from sender.lanes import Lane
from sender.limits import BulkTokenBucket, ChatKey, Chats, RateLimit, TokenBucket

#: longest single sleep: how late a call may notice that another one, by leaving, made room for it
LONGEST_SLEEP_S = 1.0
#: moments closer than this are the same (timers and sums of floats are not exact)
EPSILON_S = 1e-6


class PausedTooLong(Exception):
    """The call was not made: its chat or lane is paused for `seconds` more, which is longer than its lane waits."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.1f} s more")
        self.seconds = seconds


class CallScheduler:
    """Starts one bot's calls in order and within the limits. Belongs to one event loop; not thread-safe.

    Higher lanes first, order of arrival within a lane; calls of one lane to one chat never overtake each other.
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
        self._rate_limit = RateLimit(rate_per_s, transit_s)
        bulk_rate_per_s = min(bulk_rate_per_s, rate_per_s)
        #: what deletions and bulk may take of the rate limit: evenly, and only what interactive calls leave
        self._background_bucket = TokenBucket(bulk_rate_per_s)
        self._bulk_bucket = BulkTokenBucket(bulk_rate_per_s)
        self._bulk_paused_until = -math.inf
        self._last_halved = -math.inf
        self._chats = Chats()
        self._queues = (
            LaneQueue(),
            LaneQueue(self._background_bucket),
            LaneQueue(self._background_bucket, self._bulk_bucket),
        )
        self._interactive = self._queues[Lane.INTERACTIVE].calls
        self._numbers = itertools.count()
        #: when the next waiting call may start, as `_start_due` found last
        self._next_at = math.inf
        #: the calls that sleep, and until when
        self._sleepers: dict[ApiCall, float] = {}

    def new_call(self, lane: Lane, chat: ChatKey | None, items: int) -> ApiCall:
        """Return a call that arrives now. `items` is how many messages it makes in its chat."""
        return ApiCall(next(self._numbers), lane, chat, items)

    @property
    def bulk_rate(self) -> float:
        """Bulk calls per second that flood control allows now."""
        return self._bulk_bucket.rate(self._clock.monotonic())

    def waiting(self, lane: Lane) -> int:
        """Return the number of waiting calls of `lane`."""
        return len(self._queues[lane].calls)

    # the fast path

    def start_now(self, call: ApiCall) -> bool:
        """Start an interactive call if none is waiting and every limit has room; False, without effect, otherwise."""
        if call.lane is not Lane.INTERACTIVE or self._interactive:
            return False
        now = self._clock.monotonic()
        soon = now + EPSILON_S
        if self._rate_limit.free_at() > soon or call.not_before > soon or self._chat_free_at(call, now) > soon:
            return False
        self._start(call, now)
        return True

    # waiting

    async def wait(self, call: ApiCall) -> None:
        """Return when the call may start, already charged to the limits. Raises PausedTooLong. Safe to cancel."""
        since = self._clock.monotonic()
        call.is_started = False
        call.give_up_at = since + call.wait_left_s
        self._refuse_if_paused_too_long(call, since)
        queue = self._queues[call.lane]
        queue.add(call)
        try:
            self._start_due()
            while not call.is_started:
                await self._sleep_or_wait(call)
        finally:
            if not call.is_started and call.refused_until is None:
                queue.calls.remove(call)
                self._start_due()
            call.wait_left_s -= self._clock.monotonic() - since
            self._wake_successor()

    async def wait_out_pause(self, call: ApiCall) -> None:
        """Return when the call's chat is not paused; no other limit is applied. Raises PausedTooLong."""
        since = self._clock.monotonic()
        call.give_up_at = since + call.wait_left_s
        while (until := max(call.not_before, self._chat_paused_until(call.chat))) > self._clock.monotonic() + EPSILON_S:
            if until > call.give_up_at and until > call.not_before:
                raise PausedTooLong(until - self._clock.monotonic())
            await self._clock.sleep(min(until - self._clock.monotonic(), LONGEST_SLEEP_S))
        call.started_at = self._clock.monotonic()
        call.wait_left_s -= call.started_at - since

    # flood control

    def pause(self, call: ApiCall, pause_s: float) -> bool:
        """Apply a 429 that `call` got; return whether `call` waits `pause_s` seconds and may then be retried.

        A call that concerns a chat pauses that chat and the bulk lane, and halves the bulk rate once per incident: a
        429 for a call that had started before the last halving is its echo. A call without a chat waits alone.
        Waiting calls that do not wait as long get PausedTooLong now.
        """
        now = self._clock.monotonic()
        until = now + pause_s
        if call.chat is None:
            call.not_before = until
            return pause_s <= call.wait_left_s
        is_echo = call.started_at <= self._last_halved
        self._pause_chat_and_bulk(call.chat, now, until, halve=not is_echo)
        if not is_echo:
            self._last_halved = now
        return self._paused_until(call) - now <= call.wait_left_s

    def restore(self, chat: ChatKey, left_s: float) -> None:
        """Continue a pause that an earlier process began: `chat` and the bulk lane, for `left_s` from now.

        The bulk rate stays as it is and no pause is shortened. Does nothing when `left_s` is not positive.
        """
        if left_s > 0:
            now = self._clock.monotonic()
            self._pause_chat_and_bulk(chat, now, now + left_s, halve=False)

    def _pause_chat_and_bulk(self, chat: ChatKey, now: float, until: float, *, halve: bool) -> None:
        self._chats.get_or_add(chat, now).pause(until)
        self._bulk_bucket.pause(now, until, halve=halve)
        self._bulk_paused_until = max(self._bulk_paused_until, until)
        self._refuse_impatient()

    def _refuse_impatient(self) -> None:
        for queue in self._queues:
            for call in tuple(queue.calls):
                until = self._paused_until(call)
                if until > call.give_up_at:
                    call.refused_until = until
                    queue.calls.remove(call)
                    _wake(call)

    def _refuse_if_paused_too_long(self, call: ApiCall, now: float) -> None:
        until = self._paused_until(call)
        if until > now + EPSILON_S and until > call.give_up_at:
            raise PausedTooLong(until - now)

    def _paused_until(self, call: ApiCall) -> float:
        until = self._chat_paused_until(call.chat)
        return max(until, self._bulk_paused_until) if call.lane is Lane.BULK else until

    def _chat_paused_until(self, chat: ChatKey | None) -> float:
        limits = None if chat is None else self._chats.find(chat)
        return -math.inf if limits is None else limits.paused_until

    # starting

    def _start_due(self) -> None:
        """Start every waiting call that may start, and note when the next one may."""
        now = self._clock.monotonic()
        soon = now + EPSILON_S
        self._next_at = math.inf
        for queue in self._queues:
            while queue.calls:
                at = queue.free_at(self._rate_limit.free_at())
                if at > soon:
                    self._next_at = min(self._next_at, at)
                    break
                call, at = self._first_free(queue, now)
                if call is None:
                    self._next_at = min(self._next_at, at)
                    break
                queue.calls.remove(call)
                self._start(call, now)
                _wake(call)

    def _first_free(self, queue: LaneQueue, now: float) -> tuple[ApiCall | None, float]:
        """Return the first call that may start, or None and when one may. A call that waits blocks its chat's next."""
        blocked: set[ChatKey] = set()
        earliest = math.inf
        for call in queue.calls:
            if call.chat in blocked or (call.wake is not None and call.wake.cancelled()):
                continue
            at = max(call.not_before, self._chat_free_at(call, now))
            if at <= now + EPSILON_S:
                return call, at
            earliest = min(earliest, at)
            if call.chat is not None:
                blocked.add(call.chat)
        return None, earliest

    def _chat_free_at(self, call: ApiCall, now: float) -> float:
        limits = None if call.chat is None else self._chats.find(call.chat)
        if limits is None:
            return -math.inf
        if not call.items or call.chat in self._unmetered:
            return limits.paused_until
        return limits.free_at(now, call.items, spares_burst=call.lane is Lane.BULK)

    def _start(self, call: ApiCall, now: float) -> None:
        """Charge the call to every limit that counts it."""
        self._rate_limit.charge(now)
        if call.lane is Lane.INTERACTIVE:
            self._background_bucket.give_way(now)
        else:
            for bucket in self._queues[call.lane].buckets:
                bucket.charge(now)
        if call.items and call.chat is not None and call.chat not in self._unmetered:
            self._chats.get_or_add(call.chat, now).charge(now, call.items)
        call.is_started = True
        call.started_at = now

    # sleeping

    async def _sleep_or_wait(self, call: ApiCall) -> None:
        """Sleep until the next start, or wait to be woken when another call sleeps already."""
        if call.refused_until is not None:
            raise PausedTooLong(call.refused_until - self._clock.monotonic())
        if self._next_at >= min(self._sleepers.values(), default=math.inf):
            call.wake = asyncio.get_running_loop().create_future()
            try:
                await call.wake
            finally:
                call.wake = None
            return
        now = self._clock.monotonic()
        self._sleepers[call] = until = min(self._next_at, now + LONGEST_SLEEP_S)
        try:
            await self._clock.sleep(max(0.0, until - now))
        finally:
            del self._sleepers[call]
        self._start_due()

    def _wake_successor(self) -> None:
        """Wake a waiting call to sleep until the next start, unless one sleeps already."""
        if self._next_at >= min(self._sleepers.values(), default=math.inf):
            return
        for call in itertools.chain.from_iterable(queue.calls for queue in self._queues):
            if call.wake is not None:
                # if this one is being cancelled, it wakes the next
                _wake(call)
                return


def _wake(call: ApiCall) -> None:
    if call.wake is not None and not call.wake.done():
        call.wake.set_result(None)
