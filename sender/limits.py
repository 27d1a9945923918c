"""How often a bot may call Telegram: pure arithmetic on a clock given as argument.

`now` and every moment here are seconds of one monotonic clock. `free_at` tells when something may go (a moment that
may lie in the past) and changes nothing but forgetting what is over; `charge` writes a call down.
"""

import math
from collections import deque

ChatKey = int | str

#: calls of one bot to all chats, per second (Telegram FAQ "My bot is hitting limits", BOTAPI §6.1)
BOT_RATE_PER_S = 30.0
#: what bulk may take of it at most; the rest is always there for people
BULK_RATE_PER_S = 29.3
#: seconds a second is longer than a second: calls that leave evenly arrive a little closer together, and the one that
#: is too many at Telegram's door costs a pause (`python -m bench broadcast`: 429s without it, none with it)
TRANSIT_S = 0.02
#: seconds between messages to one chat in the long run (FAQ: "avoid sending more than one message per second")
CHAT_SPACING_S = 1.0
#: messages to one chat in a row before the spacing counts (FAQ: "short bursts" are fine, no number is given)
CHAT_BURST = 5
#: messages to one group in a minute; edits, pins and album items count (FAQ; BOTAPI §6.1, §6.4)
GROUP_ITEMS = 20
GROUP_WINDOW_S = 60.0
#: how late a call of a paced lane may be without slowing the lane down: covers timers that ring late
PACE_SLACK_S = 0.1
#: how far people's calls can push back the lanes that wait for room
PACE_DEBT_S = 1.0
#: the slowest bulk rate flood control can push us to
BULK_FLOOR_PER_S = 1.0
#: the bulk rate grows by this much ...
RECOVERY_STEP_PER_S = 1.0
#: ... for each such time without a 429
RECOVERY_EVERY_S = 10.0
#: chats remembered at most, but for paused ones. Idle ones are dropped long before: at 30 calls/s no more than 1800 can
#: be within a minute
MAX_CHATS = 10_000
#: chats remembered before the first look for idle ones
FIRST_SWEEP = 1_024


class RateLimit:
    """At most `rate_per_s` calls in any second (and `transit_s`), exactly: whatever the second, not on average.

    A token bucket would let twice as many through in the second after a rest.
    """

    def __init__(self, rate_per_s: float, transit_s: float = 0.0) -> None:
        if rate_per_s <= 0:
            raise ValueError("a rate is above 0")
        calls = max(1, math.floor(rate_per_s))
        self._calls = calls
        self._window_s = calls / rate_per_s + transit_s
        self._starts: deque[float] = deque(maxlen=calls)

    def free_at(self) -> float:
        """When the next call may start."""
        starts = self._starts
        return starts[0] + self._window_s if len(starts) == self._calls else -math.inf

    def charge(self, now: float) -> None:
        self._starts.append(now)


class TokenBucket:
    """Evenly spread calls, so that lanes that can wait never take the ceiling in one gulp."""

    def __init__(self, rate_per_s: float) -> None:
        if rate_per_s <= 0:
            raise ValueError("a rate is above 0")
        self._full_rate = rate_per_s
        self._next = -math.inf

    def rate(self, now: float) -> float:
        """Calls per second at `now`."""
        return self._full_rate

    def free_at(self) -> float:
        """When the next call may start."""
        return self._next

    def charge(self, now: float) -> None:
        """Count the next interval from when the call was due, or from `now` after a rest."""
        due = self._next if now - self._next <= PACE_SLACK_S else now
        self._next = due + 1.0 / self.rate(now)

    def give_way(self, now: float) -> None:
        """Count a call that did not ask this pace. Its debt stays below PACE_DEBT_S: nobody is held for ever."""
        if self._next < now + PACE_DEBT_S:
            self.charge(now)


class BulkTokenBucket(TokenBucket):
    """A pace that flood control halves and quiet time brings back (additive increase, multiplicative decrease)."""

    def __init__(self, rate_per_s: float) -> None:
        super().__init__(rate_per_s)
        self._slowed_rate = rate_per_s
        self._slowed_until = 0.0

    def rate(self, now: float) -> float:
        """Calls per second at `now`; grows back from the end of the last pause on."""
        if self._slowed_rate >= self._full_rate:
            return self._full_rate
        steps = max(0, math.floor((now - self._slowed_until) / RECOVERY_EVERY_S))
        return min(self._full_rate, self._slowed_rate + steps * RECOVERY_STEP_PER_S)

    def pause(self, now: float, until: float, *, halve: bool) -> None:
        """Let nothing go before `until`; with `halve` go on at half the rate. Never shortens an earlier pause."""
        rate = self.rate(now)
        if halve:
            rate = max(min(BULK_FLOOR_PER_S, self._full_rate), rate / 2)
        self._slowed_rate = rate
        self._slowed_until = max(self._slowed_until, until)
        self._next = max(self._next, until)


class GroupWindow:
    """At most 20 items in any 60 s, exactly. A call of more than 20 counts as 20: it costs one window, not five."""

    __slots__ = ("_log", "_used")

    def __init__(self) -> None:
        self._log: deque[tuple[float, int]] = deque()
        self._used = 0

    def free_at(self, now: float, items: int) -> float:
        """When a call of `items` may start."""
        self._forget(now)
        excess = self._used + min(items, GROUP_ITEMS) - GROUP_ITEMS
        if excess <= 0:
            return -math.inf
        for at, used in self._log:
            excess -= used
            if excess <= 0:
                return at + GROUP_WINDOW_S
        raise AssertionError("the window holds what was charged")

    def charge(self, now: float, items: int) -> None:
        self._log.append((now, items))
        self._used += items

    def is_empty(self, now: float) -> bool:
        self._forget(now)
        return not self._log

    def _forget(self, now: float) -> None:
        while self._log and self._log[0][0] + GROUP_WINDOW_S <= now:
            self._used -= self._log.popleft()[1]


class ChatLimits:
    """What one chat may get: no call during a pause; messages one a second after a short burst; groups 20 a minute."""

    __slots__ = ("_earned_at", "_group", "paused_until")

    def __init__(self, *, is_group: bool) -> None:
        self.paused_until = -math.inf
        #: when the whole burst is available again (GCRA)
        self._earned_at = -math.inf
        self._group = GroupWindow() if is_group else None

    def free_at(self, now: float, items: int, *, patient: bool) -> float:
        """When a message of `items` may go. `patient` (bulk) waits for the whole burst: people may need it."""
        tolerance = 0.0 if patient else (CHAT_BURST - 1) * CHAT_SPACING_S
        at = max(self.paused_until, self._earned_at - tolerance)
        return at if self._group is None else max(at, self._group.free_at(now, items))

    def charge(self, now: float, items: int) -> None:
        no_burst_before = self.paused_until + (CHAT_BURST - 1) * CHAT_SPACING_S
        self._earned_at = max(self._earned_at, now, no_burst_before) + CHAT_SPACING_S
        if self._group is not None:
            self._group.charge(now, items)

    def pause(self, until: float) -> None:
        """Let nothing go before `until`, and no burst right after it. Never shortens an earlier pause."""
        self.paused_until = max(self.paused_until, until)

    def is_idle(self, now: float) -> bool:
        """True when forgetting this chat changes nothing."""
        if max(self.paused_until + CHAT_BURST * CHAT_SPACING_S, self._earned_at) > now:
            return False
        return self._group is None or self._group.is_empty(now)


class Chats:
    """The limits of the chats that were written to lately; bounded."""

    def __init__(self) -> None:
        self._limits: dict[ChatKey, ChatLimits] = {}
        self._sweep_at = FIRST_SWEEP

    def __len__(self) -> int:
        return len(self._limits)

    def find(self, key: ChatKey) -> ChatLimits | None:
        """The limits of a chat; None when it is free of any."""
        return self._limits.get(key)

    def take(self, key: ChatKey, now: float) -> ChatLimits:
        """The limits of a chat, made when there are none yet."""
        limits = self._limits.get(key)
        if limits is None:
            if len(self._limits) >= self._sweep_at:
                self._sweep(now)
            limits = self._limits[key] = ChatLimits(is_group=is_group(key))
        return limits

    def _sweep(self, now: float) -> None:
        self._limits = {key: limits for key, limits in self._limits.items() if not limits.is_idle(now)}
        if len(self._limits) < MAX_CHATS:
            self._sweep_at = min(MAX_CHATS, max(FIRST_SWEEP, 2 * len(self._limits)))
            return
        # only an absurd ceiling or thousands of pauses get here; what was first written to is the nearest to being idle
        unpaused = [key for key, limits in self._limits.items() if limits.paused_until <= now]
        for key in unpaused[: len(self._limits) - MAX_CHATS // 2]:
            del self._limits[key]
        # paused ones stay, however many: with 10,000 of them a look takes 6 ms and is not due at every new chat
        self._sweep_at = max(MAX_CHATS, len(self._limits) + FIRST_SWEEP)


def is_group(key: ChatKey) -> bool:
    """True for groups, channels and anything addressed by @name; people have positive ids."""
    return isinstance(key, str) or key < 0
