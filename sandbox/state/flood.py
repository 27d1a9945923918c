"""Flood control (row 21, BOTAPI §6.1): limits per bot and second, per private chat, per group and minute.

Disabled by default. Times are seconds of a monotonic clock: moving the sandbox's clock does not lift a limit.
"""

import json
import math
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.errors import flood
from sandbox.state.signals import pause

#: messages to one person in a burst before `flood_chat_per_s` applies (the FAQ allows "short bursts", without a number)
CHAT_BURST = 5
BOT_WINDOW_S, GROUP_WINDOW_S = 1.0, 60.0
#: calls within this time after a 429 may have been sent before it was read: refused, but they do not extend the wait
IN_FLIGHT_S = 0.5
#: the longest wait for a bot that keeps ignoring 429s, seconds
LONGEST_WAIT_S = 3600
#: chats that are tracked before idle ones are dropped
SWEEP_AT = 10_000
#: methods that read and answers to callbacks are not counted (levlam in td#648); all others are, deletes too
_FREE = ("get", "answerCallbackQuery")
#: methods that count in their chat: sends and edits share the limit (td#2592), a pin posts a message
_IN_CHAT = ("send", "copy", "forward", "editMessage", "pin", "unpin", "stop")
_NOT_IN_CHAT = frozenset({"sendChatAction"})
#: the parameter that lists the messages of one call
_ITEMS = {"sendMediaGroup": "media", "copyMessages": "message_ids", "forwardMessages": "message_ids"}


@dataclass(slots=True)
class Limits:
    """The settings of flood control in `POST /control/config`. 0 disables a limit."""

    #: calls of a bot in any second
    flood_per_s: int = 0
    #: messages to one person in the long run, after a burst
    flood_chat_per_s: float = 0.0
    #: messages in one group, album items and edits too
    flood_group_per_min: int = 0
    #: waits up to this delay the call, longer ones are a 429; Telegram's own server absorbs 8 s
    flood_absorb_s: float = 0.0
    #: whether each item of an album counts towards `flood_per_s`, or the album as one; Telegram's rule is unknown
    flood_items: bool = False
    #: whether a 429 of the bot's own limit blocks all its chats until the wait is over, or only the chat of the call
    flood_blocks_bot: bool = False

    @property
    def has_flood_control(self) -> bool:
        """Whether any limit is enabled."""
        return self.flood_per_s > 0 or self.flood_chat_per_s > 0 or self.flood_group_per_min > 0

    def switch_flood_on(self, per_s: int) -> None:
        """Enable the limits Telegram documents: `per_s` for the bot, 1 a second to a person, 20 a minute in a group."""
        self.flood_per_s, self.flood_chat_per_s, self.flood_group_per_min = per_s, 1.0, 20


class Penalty:
    """The wait that a bot's last 429 asked for, in one chat or in all."""

    __slots__ = ("_asked_s", "_at", "_retry_at", "until")

    def __init__(self) -> None:
        self.until = self._at = -math.inf
        self._asked_s = 0
        #: chat -> the time its last 429 named for the next call
        self._retry_at: dict[int | None, float] = {}

    def refuse(self, now: float, wait_s: float, chat_id: int | None) -> int:
        """Return the whole seconds to wait before the next call for `chat_id`.

        A call that ignores an earlier 429 of its chat doubles the wait for all chats of this penalty. A call that has
        waited as long as its chat was asked to does not, even if the wait was extended by others meanwhile.
        """
        if now >= self.until:
            self._retry_at.clear()
            self._ask(now, max(1, math.ceil(wait_s)))
        elif now < self._retry_at.get(chat_id, math.inf) and now - self._at > IN_FLIGHT_S:
            self._ask(now, min(LONGEST_WAIT_S, 2 * self._asked_s))
        seconds = math.ceil(self.until - now)
        self._retry_at[chat_id] = now + seconds
        return seconds

    def _ask(self, now: float, seconds: int) -> None:
        self._at, self._asked_s, self.until = now, seconds, now + seconds


class Window:
    """A sliding window: at most `limit` items in any `seconds`. A call with more items counts as the whole window."""

    __slots__ = ("_log", "_seconds", "_used")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._log: deque[tuple[float, int]] = deque()
        self._used = 0

    def free_at(self, now: float, items: int, limit: float) -> float:
        """The time from which a call of `items` is allowed."""
        self._forget(now)
        excess = self._used + min(items, limit) - limit
        at = -math.inf
        for started, used in self._log:
            if excess <= 0:
                break
            excess -= used
            at = max(at, started + self._seconds)
        return at

    def charge(self, now: float, items: int, limit: float) -> None:
        """Count a call."""
        items = min(items, math.ceil(limit))
        self._log.append((now, items))
        self._used += items

    def is_idle(self, now: float) -> bool:
        """Whether it limits nothing, so that it can be dropped."""
        self._forget(now)
        return not self._log

    def _forget(self, now: float) -> None:
        while self._log and self._log[0][0] + self._seconds <= now:
            self._used -= self._log.popleft()[1]


class Spacing:
    """A token bucket for one person: CHAT_BURST calls at once, then `limit` per second."""

    __slots__ = ("_earned_at",)

    def __init__(self) -> None:
        #: when the whole burst is available again
        self._earned_at = -math.inf

    def free_at(self, now: float, items: int, limit: float) -> float:
        """The time from which a call is allowed; an album counts as one."""
        return self._earned_at - (CHAT_BURST - 1) / limit

    def charge(self, now: float, items: int, limit: float) -> None:
        """Count a call."""
        self._earned_at = max(self._earned_at, now) + 1 / limit

    def is_idle(self, now: float) -> bool:
        """Whether it limits nothing, so that it can be dropped."""
        return self._earned_at <= now


Gauge = Window | Spacing


class Flood:
    """The flood control of one world."""

    def __init__(self) -> None:
        #: replaced by tests
        self.monotonic: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], Awaitable[None]] = pause
        self._bots: dict[int, Window] = {}
        self._chats: dict[tuple[int, int], Gauge] = {}
        #: (bot, chat) -> its penalty; chat None: for all chats of the bot
        self._penalties: dict[tuple[int, int | None], Penalty] = {}
        self._refused: Counter[int] = Counter()
        self._absorbed: Counter[int] = Counter()

    async def admit(
        self, limits: Limits, bot_id: int, method: str, chat: tuple[int, str] | None, params: dict[str, str]
    ) -> None:
        """Wait until the call is allowed, and count it. `chat`: id and type of its chat.

        Waits at most `flood_absorb_s`. Raises ApiError 429 when the call would have to wait longer.
        """
        if method.startswith(_FREE):
            return
        gauges = self._gauges(limits, bot_id, method, chat, _items(method, params))
        if not gauges:
            return
        give_up_at, chat_id = self.monotonic() + limits.flood_absorb_s, None if chat is None else chat[0]
        while (wait_s := self._wait(gauges, bot_id, chat_id, give_up_at, blocks_bot=limits.flood_blocks_bot)) > 0:
            self._absorbed[bot_id] += 1
            await self.sleep(wait_s)
        now = self.monotonic()
        for gauge, items, limit in gauges:
            gauge.charge(now, items, limit)

    def counters(self) -> dict[str, object]:
        """Refused calls and absorbed waits since the reset."""
        return {
            "flood_429": self._refused.total(),
            "flood_429_by_bot": {str(bot): count for bot, count in self._refused.items()},
            "flood_absorbed": self._absorbed.total(),
        }

    def _wait(
        self,
        gauges: list[tuple[Gauge, int, float]],
        bot_id: int,
        chat_id: int | None,
        give_up_at: float,
        *,
        blocks_bot: bool,
    ) -> float:
        now = self.monotonic()
        found = [(gauge.free_at(now, items, limit), gauge) for gauge, items, limit in gauges]
        at, tightest = max(found, key=lambda one: one[0])
        penalties = self._penalties.get((bot_id, None)), self._penalties.get((bot_id, chat_id))
        at = max(at, *(one.until for one in penalties if one is not None), -math.inf)
        if at > now and at > give_up_at:
            self._refused[bot_id] += 1
            is_of_bot = blocks_bot and (tightest is self._bots.get(bot_id) or penalties[0] is not None)
            penalty = self._penalty((bot_id, None if is_of_bot else chat_id), now)
            raise flood(penalty.refuse(now, at - now, chat_id))
        return at - now

    def _penalty(self, key: tuple[int, int | None], now: float) -> Penalty:
        if len(self._penalties) >= SWEEP_AT:
            self._penalties = {key: penalty for key, penalty in self._penalties.items() if penalty.until > now}
        return self._penalties.setdefault(key, Penalty())

    def _gauges(
        self, limits: Limits, bot_id: int, method: str, chat: tuple[int, str] | None, items: int
    ) -> list[tuple[Gauge, int, float]]:
        found: list[tuple[Gauge, int, float]] = []
        if limits.flood_per_s > 0:
            of_bot = self._bots.setdefault(bot_id, Window(BOT_WINDOW_S))
            found.append((of_bot, items if limits.flood_items else 1, limits.flood_per_s))
        if chat is None or not method.startswith(_IN_CHAT) or method in _NOT_IN_CHAT:
            return found
        chat_id, kind = chat
        if kind == "private" and limits.flood_chat_per_s > 0:
            found.append((self._of_chat((bot_id, chat_id), Spacing), 1, limits.flood_chat_per_s))
        if kind in ("group", "supergroup") and limits.flood_group_per_min > 0:
            found.append((self._of_chat((bot_id, chat_id), _group), items, limits.flood_group_per_min))
        return found

    def _of_chat(self, key: tuple[int, int], make: Callable[[], Gauge]) -> Gauge:
        gauge = self._chats.get(key)
        if gauge is None:
            if len(self._chats) >= SWEEP_AT:
                now = self.monotonic()
                self._chats = {key: gauge for key, gauge in self._chats.items() if not gauge.is_idle(now)}
            gauge = self._chats[key] = make()
        return gauge


def _group() -> Window:
    return Window(GROUP_WINDOW_S)


def _items(method: str, params: dict[str, str]) -> int:
    """The number of messages of a call; 1 when its list cannot be parsed."""
    try:
        listed = json.loads(params.get(_ITEMS.get(method, ""), "1"))
    except ValueError:
        return 1
    return max(1, len(listed)) if isinstance(listed, list) else 1
