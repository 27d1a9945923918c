"""How often a bot may call Telegram: pure arithmetic on a clock given as argument.

`now` and every moment here are seconds of one monotonic clock. `free_at` returns when a call may start, which may be in
the past; it records nothing. `charge` records a call that starts. The limits of a chat are in
`chat_limits.py`.
"""

import itertools
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

    @property
    def whole(self) -> float:
        """Calls per second when nothing slows it."""
        return self._full

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

    def slowness(self, now: float) -> tuple[float, float] | None:
        """The part it was slowed to and the moment from which it grows; None while it is whole."""
        return (self._slowed / self._full, self._slowed_until) if self.at(now) < self._full else None

    def slow_to(self, part: float, now: float, since: float) -> bool:
        """Continue as if slowed to `part` and growing from `since` on; False when that is faster than `at(now)`."""
        found = RecoveringRate(self._full)
        found._slowed, found._slowed_until = self._full * part, since
        if found.at(now) > self.at(now) or found.at(now) >= self._full:
            return False
        self._slowed, self._slowed_until = found._slowed, since
        return True


class Ceiling:
    """The bot's limit: a bucket with a burst and, at the same time, a window of one second.

    The bucket alone would allow 40 calls in the second after a rest (10 and 30), the window alone 30 at once. The
    bucket's burst is smaller and the window longer by what `transit_s` may add at Telegram's side. What waited for
    the window continues evenly: tokens that came in meanwhile are lost. Halved, all of it is half.

    One of several processes has a share of it, for a time (`sharing/`). A share that grows brings no calls with it,
    only a faster refill: what the processes may call at once together never exceeds what one may.
    """

    def __init__(self, rate_per_s: float, transit_s: float = 0.0) -> None:
        if rate_per_s <= 0:
            raise ValueError("a rate is above 0")
        calls = max(1, math.floor(rate_per_s))
        self._window_s = calls / rate_per_s + transit_s
        self._rate = RecoveringRate(calls / self._window_s)
        #: what all processes together may call at once, after a rest
        self.whole_burst = max(1.0, rate_per_s * (BURST_S - transit_s))
        self._tolerance_s = (self.whole_burst - 1.0) * self._window_s / calls
        self._starts: deque[float] = deque(maxlen=calls)
        #: when the whole burst is available again (the theoretical arrival time of GCRA)
        self._full_at = -math.inf
        #: the same, counted by when requests left
        self._left_full_at = -math.inf
        #: the part of the calls that is this process's, until when, and what it is afterwards
        self.share = 1.0
        self._share_until, self._share_then = math.inf, 1.0

    def rate(self, now: float) -> float:
        """Calls per second at `now`, in the long run."""
        return self._rate.at(now) * self.share

    def free_at(self, now: float) -> float:
        """When the next call may start; `math.inf` while the share is 0."""
        if self.is_share_over(now):
            self.take_share(now, min(self.share, self._share_then))
        if not self.share:
            return math.inf
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
        if self.share:
            interval = 1.0 / self.rate(now)
            self._left_full_at = max(self._left_full_at, now) + interval
            self._full_at = max(self._full_at, self._left_full_at + leaving * interval)
        starts = self._starts
        # requests leave soon after they start: it is among the last, also at 1,000 a second
        place = next((at for at in range(-1, -len(starts) - 1, -1) if starts[at] == started_at), None)
        if place is not None:
            del starts[place]
            starts.append(now)

    def take_share(
        self, now: float, share: float, burst: float = 1.0, *, until: float = math.inf, then: float = 0.0
    ) -> None:
        """Continue with `share` of the rate and at most `burst` calls at once; from `until` on with `then` at most."""
        rate, owed = self.rate(now), 0.0
        if rate:
            # the calls that could start at once stay as many, or become fewer
            owed = max(0.0, self._left_full_at - now) * rate
            spare = 1.0 + (self._tolerance_s - max(0.0, self._full_at - now)) * rate
        else:
            spare = 0.0
        self.share, self._share_until, self._share_then = share, until, then
        if not share:
            return
        rate = self.rate(now)
        self._tolerance_s = (burst - 1.0) / (rate * self._rate.whole / self._rate.at(now))
        self._full_at = now + max(0.0, 1.0 + self._tolerance_s * rate - spare) / rate
        self._left_full_at = now + owed / rate

    @property
    def whole_rate(self) -> float:
        """Calls per second of all processes together, while nothing slows them."""
        return self._rate.whole

    def is_share_over(self, now: float) -> bool:
        """Whether the share was taken for a time that is over."""
        return now >= self._share_until

    def used(self, now: float) -> int:
        """How many calls started within the last window."""
        return sum(1 for _ in itertools.takewhile(lambda at: at > now - self._window_s, reversed(self._starts)))

    def slowness(self, now: float) -> tuple[float, float] | None:
        """To which part of the rate refusals slowed it, and since when it grows; None while they do not."""
        return self._rate.slowness(now)

    def slow_to(self, part: float, now: float, since: float) -> bool:
        """Be slowed as another process is; False when this one is slower, or it is over."""
        return self._rate.slow_to(part, now, since)

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
