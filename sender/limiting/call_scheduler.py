"""The order in which the waiting calls of one bot start, and when each may. Knows nothing of aiogram.

There is no background task. One of the waiting calls sleeps until the next moment something may start, starts the
calls that are due, and wakes a successor when it leaves. So a cancelled call leaves nothing behind.
"""

import asyncio
import itertools
import math
from collections.abc import Iterable

from core.clock import Clock
from sender.lanes import Lane
from sender.limiting.bot_flood import BotFlood
from sender.limiting.call_waits import CallWaits
from sender.limiting.chat_limits import Chats
from sender.limiting.departing import Departing
from sender.limiting.lane_queue import ApiCall
from sender.limiting.lane_shares import LaneShares
from sender.limiting.limits import EVERY_CHAT, Ceiling, ChatKey
from sender.limiting.sharing.own_share import OwnShare

#: moments closer than this are the same (timers and sums of floats are not exact)
EPSILON_S = 1e-6
#: longest single wait for the end of a pause: how late a call outside the queues notices that it became longer
LONGEST_SLEEP_S = 1.0


class PausedTooLong(Exception):
    """The call was not made: its chat, lane or bot is paused for `seconds` more, longer than its lane waits."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.1f} s more")
        self.seconds = seconds


class CallScheduler:
    """Starts one bot's calls in order and within the limits. Belongs to one event loop; not thread-safe.

    Lanes get shares, chats of a lane take turns; calls of one lane to one chat never overtake each other.
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
        self._unmetered_count = len(unmetered_chats)
        self._ceiling = Ceiling(rate_per_s, transit_s)
        self._lanes = LaneShares(min(bulk_rate_per_s, rate_per_s))
        self._bulk_paused_until = -math.inf
        self._last_halved = -math.inf
        self._chats = Chats()
        self._flood = BotFlood()
        #: `is_known` once `left` is called for every request
        self.departing = Departing()
        self._waits = CallWaits(clock)
        #: this process's part in the bot's calls
        self.own_share = OwnShare(self._ceiling, self._lanes, clock, self._start_and_watch)
        self._numbers = itertools.count()

    def new_call(self, lane: Lane, chat: ChatKey | None, items: int, *, is_urgent: bool = False) -> ApiCall:
        """Return a call that arrives now. `items` is how many messages it makes in its chat."""
        return ApiCall(next(self._numbers), lane, chat, items, is_urgent=is_urgent)

    @property
    def bulk_rate(self) -> float:
        """Bulk calls per second that flood control allows now."""
        now = self._clock.monotonic()
        return min(self._lanes.bulk.rate(now), self._ceiling.rate(now))

    @property
    def bot_paused_s(self) -> float:
        """Seconds for which no call of the bot may start, 0.0 when it is not paused."""
        return max(0.0, self._flood.paused_until - self._clock.monotonic()) if self._flood.is_on else 0.0

    def waiting(self, lane: Lane) -> int:
        """Return the number of waiting calls of `lane`."""
        return self._lanes.waiting(lane)

    # the fast path

    def start_now(self, call: ApiCall) -> bool:
        """Start an interactive call if none is waiting and every limit has room; False, without effect, otherwise."""
        if call.lane is not Lane.INTERACTIVE or self._flood.is_on or self._lanes.waiting(Lane.INTERACTIVE):
            return False
        now = self._clock.monotonic()
        soon = now + EPSILON_S
        if max(self._free_at(now), call.not_before, self._chat_free_at(call)) > soon:
            return False
        self._lanes.arrive(call)
        self._start(call, now)
        return True

    # waiting

    async def wait(self, call: ApiCall) -> None:
        """Return when the call may start, already charged to the limits. Raises PausedTooLong. Safe to cancel."""
        since = self._clock.monotonic()
        call.is_started = False
        call.give_up_at = since + call.wait_left_s
        self._refuse_if_paused_too_long(call, since)
        self._lanes.add(call, since)
        try:
            self._start_due()
            while not call.is_started:
                if call.refused_until is not None:
                    raise PausedTooLong(call.refused_until - self._clock.monotonic())
                if await self._waits.wait(call):
                    self._start_due()
        except asyncio.CancelledError:
            # when it was started in the same instant, no answer will follow
            self.ended(call, is_ok=False)
            raise
        finally:
            if not call.is_started and call.refused_until is None:
                self._lanes.queue_of(call).remove(call)
                self._start_due()
            call.wait_left_s -= self._clock.monotonic() - since
            self._waits.wake_successor()

    async def wait_out_pause(self, call: ApiCall) -> None:
        """Return when neither the call's chat nor the bot is paused; no other limit is applied. Raises PausedTooLong.

        While the bot begins again one call at a time, it waits for its turn like every call.
        """
        since = self._clock.monotonic()
        call.give_up_at = since + call.wait_left_s
        while (until := max(call.not_before, self._chat_paused_until(call.chat))) > self._clock.monotonic() + EPSILON_S:
            if until > call.give_up_at and until > call.not_before:
                raise PausedTooLong(until - self._clock.monotonic())
            await self._clock.sleep(min(until - self._clock.monotonic(), LONGEST_SLEEP_S))
        call.started_at = self._clock.monotonic()
        call.wait_left_s -= call.started_at - since
        if self._flood.is_on:
            await self.wait(call)

    def left(self, call: ApiCall) -> None:
        """Count that the request of a call has left the process. Only the first time counts."""
        now = self._clock.monotonic()
        was_late = self.departing.free_at(now) > now
        started_at = self.departing.pop(call)
        if started_at is None:
            return
        self._ceiling.left(started_at, now, self.departing.leaving(now))
        if was_late:
            self._start_and_watch()

    def ended(self, call: ApiCall, *, is_ok: bool) -> None:
        """Count that a call that had started has an answer, or that its caller gave up. `is_ok`: it succeeded."""
        now = self._clock.monotonic()
        never_left = self.departing.pop(call) is not None
        if (is_over := self._flood.ended(call, now, is_ok=is_ok)) and not self._flood.is_on:
            self._ceiling.resume(now)
        if is_over or never_left:
            self._start_and_watch()

    # flood control

    def pause(self, call: ApiCall, pause_s: float) -> bool:
        """Apply a 429 that `call` got; return whether `call` waits `pause_s` seconds and may then be retried.

        Its chat waits, and bulk for a time. When two chats were refused at the same time, the whole bot waits and its
        ceiling is halved. A call without a chat waits alone. Waiting calls that do not wait as long get PausedTooLong.
        """
        now = self._clock.monotonic()
        until = now + pause_s
        if call.chat is None:
            call.not_before = until
            return pause_s <= call.wait_left_s
        is_echo = call.started_at <= self._last_halved or self._flood.is_on
        if self._flood.refused(call, call.chat, now, until):
            if call.started_at > self.own_share.slowed_at:
                self._ceiling.halve(now)
            self._last_halved, is_echo = now, True
        if self._pause_chat(call.chat, now, until, may_halve=not is_echo):
            self._last_halved = now
        if self._flood.is_on:
            self._refuse_impatient(self._lanes)
        return self._paused_until(call) - now <= call.wait_left_s

    def restore(self, chat: ChatKey, left_s: float) -> None:
        """Continue a pause that another process was asked for, for `left_s` from now: of `chat`, or of EVERY_CHAT.

        A chat's pause holds bulk too, slows it not, and shortens no other pause. A pause of the bot is an incident like
        one of its own, and the newest word about its end counts. Does nothing when `left_s` is not positive.
        """
        if left_s <= 0:
            return
        now = self._clock.monotonic()
        if chat != EVERY_CHAT:
            self._pause_chat(chat, now, now + left_s, may_halve=False)
            return
        if self._flood.is_on:
            self._flood.paused_until = now + left_s
        else:
            self._flood.begin(now, now + left_s)
            if self._ceiling.slowness(now) is None:
                self._ceiling.halve(now)
        self._refuse_impatient(self._lanes)

    def _pause_chat(self, chat: ChatKey, now: float, until: float, *, may_halve: bool) -> bool:
        """Pause a chat, and bulk as long as its refusals may; return whether the bulk rate was halved."""
        limits = self._chats.get_or_add(chat, now)
        limits.pause(until)
        self._refuse_impatient(self._lanes.of_chat(chat))
        hold_s, is_first = limits.take_bulk_hold(now, until - now)
        if now + hold_s > self._bulk_paused_until:
            self._bulk_paused_until = now + hold_s
            self._lanes.bulk.hold(now + hold_s)
            self._refuse_impatient(self._lanes.of_bulk())
        if not is_first or not may_halve:
            return False
        self._lanes.bulk.halve(now, now + hold_s)
        return True

    def _refuse_impatient(self, calls: Iterable[ApiCall]) -> None:
        """Take those out of their queue that would wait too long."""
        for call in tuple(calls):
            until = self._paused_until(call)
            if until > call.give_up_at:
                call.refused_until = until
                self._lanes.queue_of(call).remove(call)
                self._waits.wake(call)

    def _refuse_if_paused_too_long(self, call: ApiCall, now: float) -> None:
        until = self._paused_until(call)
        if until > now + EPSILON_S and until > call.give_up_at:
            raise PausedTooLong(until - now)

    def _paused_until(self, call: ApiCall) -> float:
        until = self._chat_paused_until(call.chat)
        if self._flood.is_on:
            until = max(until, self._flood.paused_until)
        return max(until, self._bulk_paused_until) if call.lane is Lane.BULK else until

    def _chat_paused_until(self, chat: ChatKey | None) -> float:
        limits = None if chat is None else self._chats.find(chat)
        return -math.inf if limits is None else limits.paused_until

    # starting

    def _start_due(self) -> None:
        """Start every waiting call that may start, and note when the next one may."""
        if len(self._unmetered) != self._unmetered_count:
            self._unmetered_count = len(self._unmetered)
            self._lanes.wake_all()
        now = self._clock.monotonic()
        self._waits.next_at = math.inf
        while len(self._lanes):
            at = self._free_at(now)
            call = None
            if at <= now + EPSILON_S:
                call, at = self._lanes.next_due(now + EPSILON_S, self._chat_free_at)
            if call is None:
                self._waits.next_at = at
                return
            self._lanes.queue_of(call).take(call)
            self._start(call, now)
            self._waits.wake(call)

    def _start_and_watch(self) -> None:
        """Start every waiting call that may start, and let one of the others wait for the next moment."""
        self._start_due()
        self._waits.wake_successor()

    def _free_at(self, now: float) -> float:
        """When the next call may start as far as the bot is concerned."""
        return max(self._ceiling.free_at(now), self._flood.free_at(), self.departing.free_at(now))

    def _chat_free_at(self, call: ApiCall) -> float:
        limits = None if call.chat is None else self._chats.find(call.chat)
        if limits is None:
            return -math.inf
        if not call.items or call.chat in self._unmetered:
            return limits.paused_until
        return limits.free_at(self._clock.monotonic(), call.items, spares_burst=call.lane is Lane.BULK)

    def _start(self, call: ApiCall, now: float) -> None:
        """Charge the call to every limit that counts it."""
        self._ceiling.charge(now)
        self.departing.add(call, now)
        self._lanes.charge(call, now)
        self._flood.started(call)
        if call.items and call.chat is not None and call.chat not in self._unmetered:
            self._chats.get_or_add(call.chat, now).charge(now, call.items)
        call.is_started = True
        call.started_at = now
