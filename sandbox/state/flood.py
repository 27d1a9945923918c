"""Flood control (row 21, BOTAPI §6.1): what a bot may do in a second, a private chat in a row, a group in a minute.

Off until it is switched on. Moments are seconds of a monotonic clock of its own, so that moving the sandbox's clock
opens nothing.
"""

import json
import math
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.errors import flood
from sandbox.state.signals import pause

#: messages to one person in a row before `flood_chat_per_s` counts (the FAQ allows "short bursts", without a number)
CHAT_BURST = 5
BOT_WINDOW_S, GROUP_WINDOW_S = 1.0, 60.0
#: calls so soon after a 429 may have left before it was read: they are refused and make nothing longer
ECHO_S = 0.5
#: the longest wait a bot that does not listen is told
LONGEST_WAIT_S = 3600
#: chats remembered before those that are at rest are forgotten
SWEEP_AT = 10_000
#: reading, and answers to buttons, are not counted (levlam in td#648); all else is a call of the bot, deletes too
_FREE = ("get", "answerCallbackQuery")
#: what makes a message in its chat: sends and edits share the limit (td#2592), pins make a message
_IN_CHAT = ("send", "copy", "forward", "editMessage", "pin", "unpin", "stop")
_NOT_IN_CHAT = frozenset({"sendChatAction"})
#: the parameter with a list of what one call makes
_ITEMS = {"sendMediaGroup": "media", "copyMessages": "message_ids", "forwardMessages": "message_ids"}


@dataclass(slots=True)
class Limits:
    """The settings of flood control in `POST /control/config`. Each limit is off at 0."""

    #: calls of a bot in any second
    flood_per_s: int = 0
    #: messages to one person in the long run, after a burst
    flood_chat_per_s: float = 0.0
    #: messages in one group, album items and edits too
    flood_group_per_min: int = 0
    #: waits up to this are latency, longer ones a 429; Telegram's own server absorbs 8 s
    flood_absorb_s: float = 0.0
    #: whether an album counts by its items towards `flood_per_s`, or is one call; Telegram's way is unknown
    flood_items: bool = False
    #: whether a 429 of the bot's limit holds back all its chats until the wait is over, or the one it was told about
    flood_blocks_bot: bool = False

    @property
    def has_flood_control(self) -> bool:
        """Whether any of its limits is on."""
        return self.flood_per_s > 0 or self.flood_chat_per_s > 0 or self.flood_group_per_min > 0

    def switch_flood_on(self, per_s: int) -> None:
        """As Telegram says of itself: `per_s` for the bot, one a second to a person, 20 a minute in a group."""
        self.flood_per_s, self.flood_chat_per_s, self.flood_group_per_min = per_s, 1.0, 20


class Told:
    """What a bot was last told to wait, with calls for one chat or with all."""

    __slots__ = ("_asked_s", "_at", "_promises", "until")

    def __init__(self) -> None:
        self.until = self._at = -math.inf
        self._asked_s = 0
        #: chat -> when it may be called again, as its last 429 said
        self._promises: dict[int | None, float] = {}

    def tell(self, now: float, wait_s: float, chat_id: int | None) -> int:
        """Whole seconds to wait with the call for `chat_id`. Calling on while told to wait doubles it for everybody.

        Who waited as long as they were told is not to blame for what others did meanwhile.
        """
        if now >= self.until:
            self._promises.clear()
            self._ask(now, max(1, math.ceil(wait_s)))
        elif now < self._promises.get(chat_id, math.inf) and now - self._at > ECHO_S:
            self._ask(now, min(LONGEST_WAIT_S, 2 * self._asked_s))
        seconds = math.ceil(self.until - now)
        self._promises[chat_id] = now + seconds
        return seconds

    def _ask(self, now: float, seconds: int) -> None:
        self._at, self._asked_s, self.until = now, seconds, now + seconds


class Window:
    """At most so many items in any `seconds`, exactly. A call of more than that counts as the whole window."""

    __slots__ = ("_log", "_seconds", "_used")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._log: deque[tuple[float, int]] = deque()
        self._used = 0

    def free_at(self, now: float, items: int, limit: float) -> float:
        """When a call of `items` may be made."""
        self._forget(now)
        excess = self._used + min(items, limit) - limit
        at = -math.inf
        for begun, used in self._log:
            if excess <= 0:
                break
            excess -= used
            at = max(at, begun + self._seconds)
        return at

    def charge(self, now: float, items: int, limit: float) -> None:
        """Write a call down."""
        items = min(items, math.ceil(limit))
        self._log.append((now, items))
        self._used += items

    def is_idle(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        self._forget(now)
        return not self._log

    def _forget(self, now: float) -> None:
        while self._log and self._log[0][0] + self._seconds <= now:
            self._used -= self._log.popleft()[1]


class Spacing:
    """Calls to a person: so many a second in the long run, after a burst."""

    __slots__ = ("_earned_at",)

    def __init__(self) -> None:
        #: when the whole burst is there again
        self._earned_at = -math.inf

    def free_at(self, now: float, items: int, limit: float) -> float:
        """When a call may be made; an album is one."""
        return self._earned_at - (CHAT_BURST - 1) / limit

    def charge(self, now: float, items: int, limit: float) -> None:
        """Write a call down."""
        self._earned_at = max(self._earned_at, now) + 1 / limit

    def is_idle(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        return self._earned_at <= now


Gauge = Window | Spacing


class Flood:
    """The flood control of one world."""

    def __init__(self) -> None:
        #: for tests
        self.monotonic: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], Awaitable[None]] = pause
        self._bots: dict[int, Window] = {}
        self._chats: dict[tuple[int, int], Gauge] = {}
        #: (bot, chat) -> what was said there; chat None: for all of them
        self._told: dict[tuple[int, int | None], Told] = {}
        self._refused: Counter[int] = Counter()
        self._absorbed: Counter[int] = Counter()

    async def admit(
        self, limits: Limits, bot_id: int, method: str, chat: tuple[int, str] | None, params: dict[str, str]
    ) -> None:
        """Return when the call may be executed, and count it. `chat`: id and type of the chat it is about.

        A wait up to `flood_absorb_s` is waited here. Raises ApiError 429 for a longer one.
        """
        if method.startswith(_FREE):
            return
        asked = self._asked(limits, bot_id, method, chat, _items(method, params))
        if not asked:
            return
        give_up_at, chat_id = self.monotonic() + limits.flood_absorb_s, None if chat is None else chat[0]
        while (wait_s := self._wait(asked, bot_id, chat_id, give_up_at, blocks_bot=limits.flood_blocks_bot)) > 0:
            self._absorbed[bot_id] += 1
            await self.sleep(wait_s)
        now = self.monotonic()
        for gauge, items, limit in asked:
            gauge.charge(now, items, limit)

    def counters(self) -> dict[str, object]:
        """Calls refused, and waits that were absorbed, since the reset."""
        return {
            "flood_429": self._refused.total(),
            "flood_429_by_bot": {str(bot): count for bot, count in self._refused.items()},
            "flood_absorbed": self._absorbed.total(),
        }

    def _wait(
        self,
        asked: list[tuple[Gauge, int, float]],
        bot_id: int,
        chat_id: int | None,
        give_up_at: float,
        *,
        blocks_bot: bool,
    ) -> float:
        now = self.monotonic()
        found = [(gauge.free_at(now, items, limit), gauge) for gauge, items, limit in asked]
        at, tightest = max(found, key=lambda one: one[0])
        told = self._told.get((bot_id, None)), self._told.get((bot_id, chat_id))
        at = max(at, *(one.until for one in told if one is not None), -math.inf)
        if at > now and at > give_up_at:
            self._refused[bot_id] += 1
            is_bots = blocks_bot and (tightest is self._bots.get(bot_id) or told[0] is not None)
            raise flood(self._telling((bot_id, None if is_bots else chat_id), now).tell(now, at - now, chat_id))
        return at - now

    def _telling(self, key: tuple[int, int | None], now: float) -> Told:
        if len(self._told) >= SWEEP_AT:
            self._told = {key: told for key, told in self._told.items() if told.until > now}
        return self._told.setdefault(key, Told())

    def _asked(
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
    """How many messages a call makes; 1 when nobody can tell."""
    try:
        listed = json.loads(params.get(_ITEMS.get(method, ""), "1"))
    except ValueError:
        return 1
    return max(1, len(listed)) if isinstance(listed, list) else 1
