"""How often a bot may call Telegram: pure arithmetic on a clock given as argument.

`now` and every moment here are seconds of one monotonic clock. `free_at` returns when a call may start, which may be in
the past; it records nothing. `charge` records a call that starts. The limits of a chat are in
`chat_limits.py`.
"""

import math
from collections import deque
from typing import Final

ChatKey = int | str

#: stands for all chats of a bot where a pause names a chat; no chat is called so
EVERY_CHAT: Final = "*"

#: calls of one bot to all chats, per second (Telegram FAQ "My bot is hitting limits", BOTAPI §6.1)
BOT_RATE_PER_S = 30.0
#: what deletions and bulk may take of it at most, evenly
BULK_RATE_PER_S = 29.3
#: how much closer together two calls may arrive than they left, in seconds: 0.02 for the network, the rest for timers
TRANSIT_S = 0.022
#: the burst of a rested bot is what its rate gives in this time: 10 calls at 30 a second
BURST_S = 1 / 3
#: how late a call may start without delaying the next one of its bucket: covers timers that fire late
TIMER_SLACK_S = 0.1
#: how far people's calls push back deletions and bulk that begin after a rest
MAX_DEBT_S = BURST_S
#: what sums of floats may be off
ROUNDING = 1e-6
#: the slowest rate flood control can push us to
FLOOR_PER_S = 1.0
#: a halved rate grows by this much ...
RECOVERY_STEP_PER_S = 1.0
#: ... for each such time without a 429
RECOVERY_EVERY_S = 10.0


class RecoveringRate:
    """A rate that flood control halves and time restores (additive increase, multiplicative decrease)."""

    def __init__(self, rate_per_s: float) -> None:
        if rate_per_s <= 0:
            raise ValueError("a rate is above 0")
        self._full = self._slowed = rate_per_s
        self._slowed_until = 0.0

    def at(self, now: float) -> float:
        """Calls per second at `now`; grows from the end of the pause that halved it."""
        if self._slowed >= self._full:
            return self._full
        steps = max(0, math.floor((now - self._slowed_until) / RECOVERY_EVERY_S))
        return min(self._full, self._slowed + steps * RECOVERY_STEP_PER_S)

    def halve(self, now: float, until: float) -> None:
        """Continue at half the rate of `now`; it grows again from `until` on."""
        self._slowed = max(min(FLOOR_PER_S, self._full), self.at(now) / 2)
        self.grow_from(until)

    def grow_from(self, moment: float) -> None:
        """Begin to grow no earlier than at `moment`."""
        self._slowed_until = max(self._slowed_until, moment)


class Ceiling:
    """The bot's limit: a bucket with a burst and, at the same time, a window of one second.

    The bucket alone would allow 40 calls in the second after a rest (10 and 30), the window alone 30 at once. The
    bucket's burst is smaller and the window longer by what `transit_s` may add at Telegram's side. What waited for
    the window continues evenly: tokens that came in meanwhile are lost. Halved, all of it is half.
    """

    def __init__(self, rate_per_s: float, transit_s: float = 0.0) -> None:
        if rate_per_s <= 0:
            raise ValueError("a rate is above 0")
        calls = max(1, math.floor(rate_per_s))
        self._window_s = calls / rate_per_s + transit_s
        self._rate = RecoveringRate(calls / self._window_s)
        self._tolerance_s = max(0.0, rate_per_s * (BURST_S - transit_s) - 1.0) * self._window_s / calls
        self._starts: deque[float] = deque(maxlen=calls)
        #: when the whole burst is available again (the theoretical arrival time of GCRA)
        self._full_at = -math.inf
        #: the same, counted by when requests left
        self._left_full_at = -math.inf

    def rate(self, now: float) -> float:
        """Calls per second at `now`, in the long run."""
        return self._rate.at(now)

    def free_at(self, now: float) -> float:
        """When the next call may start."""
        return max(self._full_at - self._tolerance_s, self._window_free_at(now))

    def charge(self, now: float) -> None:
        due, window = self._full_at - self._tolerance_s, self._window_free_at(now)
        if due < window and now - window <= TIMER_SLACK_S:
            self._full_at = window + self._tolerance_s
        self._full_at = max(self._full_at, now) + 1.0 / self.rate(now)
        self._starts.append(now)

    def left(self, started_at: float, now: float, leaving: int) -> None:
        """Count the call charged at `started_at` from now, when its request left; `leaving`: how many did not yet.

        Telegram counts calls when they arrive, so those that left late leave less room behind them.
        """
        interval = 1.0 / self.rate(now)
        self._left_full_at = max(self._left_full_at, now) + interval
        self._full_at = max(self._full_at, self._left_full_at + leaving * interval)
        starts = self._starts
        # requests leave soon after they start: it is among the last, also at 1,000 a second
        place = next((at for at in range(-1, -len(starts) - 1, -1) if starts[at] == started_at), None)
        if place is not None:
            del starts[place]
            starts.append(now)

    def halve(self, now: float) -> None:
        """Continue at half the rate."""
        self._rate.halve(now, now)

    def resume(self, now: float) -> None:
        """Begin to grow now, without a burst: an incident is over."""
        self._rate.grow_from(now)
        self._full_at = max(self._full_at, now + self._tolerance_s)

    def _window_free_at(self, now: float) -> float:
        calls = max(1, math.floor(self.rate(now) * self._window_s + ROUNDING))
        return self._starts[-calls] + self._window_s if len(self._starts) >= calls else -math.inf


class TokenBucket:
    """Evenly spaced calls without a burst, so that deletions and bulk leave the ceiling's burst to people."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate = RecoveringRate(rate_per_s)
        self._next = -math.inf

    def rate(self, now: float) -> float:
        """Calls per second at `now`."""
        return self._rate.at(now)

    def free_at(self) -> float:
        """When the next call may start."""
        return self._next

    def charge(self, now: float) -> None:
        """Count the next interval from when the call was due, or from `now` after a rest."""
        due = self._next if now - self._next <= TIMER_SLACK_S else now
        self._next = due + 1.0 / self.rate(now)

    def give_way(self, now: float) -> None:
        """Charge a call that does not wait for this bucket. The debt is limited to MAX_DEBT_S."""
        if self._next < now + MAX_DEBT_S:
            self.charge(now)

    def hold(self, until: float) -> None:
        """Allow no call before `until`. Never shortens an earlier hold."""
        self._next = max(self._next, until)

    def halve(self, now: float, until: float) -> None:
        """Continue at half the rate; it grows again from `until` on."""
        self._rate.halve(now, until)
