"""How often a bot may call one chat: pure arithmetic on a clock given as argument, as in `limits.py`."""

import math
from collections import deque

from sender.limiting.limits import ChatKey

#: seconds between messages to one chat in the long run (FAQ: "avoid sending more than one message per second")
CHAT_SPACING_S = 1.0
#: messages to one chat in a row before the spacing counts (FAQ: "short bursts" are fine, no number is given)
CHAT_BURST = 5
#: messages to one group in a minute; edits, pins and album items count (FAQ; BOTAPI §6.1, §6.4)
GROUP_ITEMS = 20
GROUP_WINDOW_S = 60.0
#: how long the refusals of one chat hold bulk, in seconds, all together ...
BULK_HOLD_S = 60.0
#: ... until it has refused nothing for this long
REFUSAL_FORGOTTEN_S = 3600.0
#: chats remembered at most, not counting paused ones. Idle ones are evicted long before: at 30 calls/s no more than
#: 1,800 chats are called within a minute
MAX_CHATS = 10_000
#: chats remembered before idle ones are evicted for the first time
FIRST_EVICTION = 1_024


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

    __slots__ = ("_burst_full_at", "_group", "_hold_left_s", "_refused_at", "paused_until")

    def __init__(self, *, is_group: bool) -> None:
        self.paused_until = -math.inf
        #: how long its refusals may still hold bulk, and when the last one came
        self._hold_left_s = BULK_HOLD_S
        self._refused_at = -math.inf
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

    def take_bulk_hold(self, now: float, wait_s: float) -> tuple[float, bool]:
        """Return for how long a refusal with this wait holds bulk, and whether the chat refused nothing recently."""
        is_first = self._refused_at + REFUSAL_FORGOTTEN_S <= now
        if is_first:
            self._hold_left_s = BULK_HOLD_S
        self._refused_at = now
        hold_s = min(wait_s, self._hold_left_s)
        self._hold_left_s -= hold_s
        return hold_s, is_first

    def is_idle(self, now: float) -> bool:
        """Whether evicting this chat changes nothing: it holds back no call and has refused nothing recently."""
        if max(self.paused_until + CHAT_BURST * CHAT_SPACING_S, self._burst_full_at) > now:
            return False
        if self._refused_at + REFUSAL_FORGOTTEN_S > now:
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
