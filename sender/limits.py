"""How often a bot may call Telegram: pure arithmetic on a clock given as argument.

`now` and every moment here are seconds of one monotonic clock. `free_at` returns when a call may start, which may be in
the past; it records nothing. `charge` records a call that starts.
"""

import math
from collections import deque

ChatKey = int | str

#: calls of one bot to all chats, per second (Telegram FAQ "My bot is hitting limits", BOTAPI §6.1)
BOT_RATE_PER_S = 30.0
#: what bulk may take of it at most; the rest is always free for interactive calls
BULK_RATE_PER_S = 29.3
#: seconds added to each window: calls that leave evenly arrive a little closer together, and one too many in a second,
#: as Telegram counts it, costs a pause (`python -m bench broadcast`: 429s without it, none with it)
TRANSIT_S = 0.02
#: seconds between messages to one chat in the long run (FAQ: "avoid sending more than one message per second")
CHAT_SPACING_S = 1.0
#: messages to one chat in a row before the spacing counts (FAQ: "short bursts" are fine, no number is given)
CHAT_BURST = 5
#: messages to one group in a minute; edits, pins and album items count (FAQ; BOTAPI §6.1, §6.4)
GROUP_ITEMS = 20
GROUP_WINDOW_S = 60.0
#: how late a call may start without delaying the next one of its bucket: covers timers that fire late
TIMER_SLACK_S = 0.1
#: how far interactive calls can push back deletions and bulk
MAX_DEBT_S = 1.0
#: the slowest bulk rate flood control can push us to
BULK_FLOOR_PER_S = 1.0
#: the bulk rate grows by this much ...
RECOVERY_STEP_PER_S = 1.0
#: ... for each such time without a 429
RECOVERY_EVERY_S = 10.0
#: chats remembered at most, not counting paused ones. Idle ones are evicted long before: at 30 calls/s no more than
#: 1,800 chats are called within a minute
MAX_CHATS = 10_000
#: chats remembered before idle ones are evicted for the first time
FIRST_EVICTION = 1_024


class RateLimit:
    """A sliding window: at most `rate_per_s` calls in any second plus `transit_s`, wherever that second begins.

    A token bucket would allow twice as many in the second after a rest.
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
    """Evenly spaced calls without a burst, so that deletions and bulk never use up the rate limit at once."""

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
        due = self._next if now - self._next <= TIMER_SLACK_S else now
        self._next = due + 1.0 / self.rate(now)

    def give_way(self, now: float) -> None:
        """Charge an interactive call, which does not wait for this bucket. The debt is limited to MAX_DEBT_S."""
        if self._next < now + MAX_DEBT_S:
            self.charge(now)


class BulkTokenBucket(TokenBucket):
    """A bucket whose rate a 429 halves and time without one restores (additive increase, multiplicative decrease)."""

    def __init__(self, rate_per_s: float) -> None:
        super().__init__(rate_per_s)
        self._slowed_rate = rate_per_s
        self._slowed_until = 0.0

    def rate(self, now: float) -> float:
        """Calls per second at `now`; grows from the end of the last pause on."""
        if self._slowed_rate >= self._full_rate:
            return self._full_rate
        steps = max(0, math.floor((now - self._slowed_until) / RECOVERY_EVERY_S))
        return min(self._full_rate, self._slowed_rate + steps * RECOVERY_STEP_PER_S)

    def pause(self, now: float, until: float, *, halve: bool) -> None:
        """Allow no call before `until`; with `halve` continue at half the rate. Never shortens an earlier pause."""
        rate = self.rate(now)
        if halve:
            rate = max(min(BULK_FLOOR_PER_S, self._full_rate), rate / 2)
        self._slowed_rate = rate
        self._slowed_until = max(self._slowed_until, until)
        self._next = max(self._next, until)


class GroupWindow:
    """A sliding window: at most 20 items in any 60 s. A call of more counts as 20: it costs one window, not five."""

    __slots__ = ("_charges", "_used")

    def __init__(self) -> None:
        self._charges: deque[tuple[float, int]] = deque()
        self._used = 0

    def free_at(self, now: float, items: int) -> float:
        """When a call of `items` may start."""
        self._drop_expired(now)
        excess = self._used + min(items, GROUP_ITEMS) - GROUP_ITEMS
        if excess <= 0:
            return -math.inf
        for at, used in self._charges:
            excess -= used
            if excess <= 0:
                return at + GROUP_WINDOW_S
        raise AssertionError("the window holds what was charged")

    def charge(self, now: float, items: int) -> None:
        self._charges.append((now, items))
        self._used += items

    def is_empty(self, now: float) -> bool:
        self._drop_expired(now)
        return not self._charges

    def _drop_expired(self, now: float) -> None:
        while self._charges and self._charges[0][0] + GROUP_WINDOW_S <= now:
            self._used -= self._charges.popleft()[1]


class ChatLimits:
    """The limits of one chat: no call during a pause; one message a second after a short burst; groups 20 a minute."""

    __slots__ = ("_burst_full_at", "_group", "paused_until")

    def __init__(self, *, is_group: bool) -> None:
        self.paused_until = -math.inf
        #: when the whole burst is available again (the theoretical arrival time of GCRA)
        self._burst_full_at = -math.inf
        self._group = GroupWindow() if is_group else None

    def free_at(self, now: float, items: int, *, spares_burst: bool) -> float:
        """When a call of `items` messages may start. With `spares_burst` (bulk) not before the whole burst is free."""
        tolerance = 0.0 if spares_burst else (CHAT_BURST - 1) * CHAT_SPACING_S
        at = max(self.paused_until, self._burst_full_at - tolerance)
        return at if self._group is None else max(at, self._group.free_at(now, items))

    def charge(self, now: float, items: int) -> None:
        no_burst_before = self.paused_until + (CHAT_BURST - 1) * CHAT_SPACING_S
        self._burst_full_at = max(self._burst_full_at, now, no_burst_before) + CHAT_SPACING_S
        if self._group is not None:
            self._group.charge(now, items)

    def pause(self, until: float) -> None:
        """Allow no call before `until`, and no burst right after it. Never shortens an earlier pause."""
        self.paused_until = max(self.paused_until, until)

    def is_idle(self, now: float) -> bool:
        """Whether evicting this chat changes nothing: none of its limits holds a call back."""
        if max(self.paused_until + CHAT_BURST * CHAT_SPACING_S, self._burst_full_at) > now:
            return False
        return self._group is None or self._group.is_empty(now)


class Chats:
    """The limits of recently used chats. Idle chats are evicted, paused ones never.

    Not a cache of cachetools: it would evict paused chats too, and a call to one of them earns a longer pause.
    """

    def __init__(self) -> None:
        self._limits: dict[ChatKey, ChatLimits] = {}
        self._evict_at = FIRST_EVICTION

    def __len__(self) -> int:
        return len(self._limits)

    def find(self, key: ChatKey) -> ChatLimits | None:
        """Return the limits of a chat; None when no limit holds it back."""
        return self._limits.get(key)

    def get_or_add(self, key: ChatKey, now: float) -> ChatLimits:
        """Return the limits of a chat, which is added when it is not known."""
        limits = self._limits.get(key)
        if limits is None:
            if len(self._limits) >= self._evict_at:
                self._evict_idle(now)
            limits = self._limits[key] = ChatLimits(is_group=is_group(key))
        return limits

    def _evict_idle(self, now: float) -> None:
        self._limits = {key: limits for key, limits in self._limits.items() if not limits.is_idle(now)}
        if len(self._limits) < MAX_CHATS:
            self._evict_at = min(MAX_CHATS, max(FIRST_EVICTION, 2 * len(self._limits)))
            return
        # only a far higher rate limit or thousands of pauses lead here; the chats added first are the closest to idle
        unpaused = [key for key, limits in self._limits.items() if limits.paused_until <= now]
        for key in unpaused[: len(self._limits) - MAX_CHATS // 2]:
            del self._limits[key]
        # paused chats are never evicted; a scan of 10,000 costs 6 ms, so not every new chat causes one
        self._evict_at = max(MAX_CHATS, len(self._limits) + FIRST_EVICTION)


def is_group(key: ChatKey) -> bool:
    """True for groups, channels and anything addressed by @name; private chats have positive ids."""
    return isinstance(key, str) or key < 0
