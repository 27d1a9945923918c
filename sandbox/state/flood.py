"""Flood control (row 21, BOTAPI §6.1): limits per bot and second, per private chat, per group and minute.

Disabled by default. Times are seconds of a monotonic clock: moving the sandbox's clock does not lift a limit.
Telegram's own rule is not known, so a bot's limit has three models (`MODELS`); a bot that sends evenly is refused by
none.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.errors import ApiError, flood
from sandbox.state.gauges import Bucket, Gauge, Window
from sandbox.state.signals import pause

#: How a bot's calls are limited. window: `flood_per_s` in any second. bucket: `flood_burst` at once, refilled at
#: `flood_per_s`. growing: a bucket, and after a 429 the bot is refused in all chats until the wait is over; each call
#: that comes sooner doubles the wait.
MODELS = ("window", "bucket", "growing")

#: messages to one person in a burst before `flood_chat_per_s` applies (the FAQ allows "short bursts", without a number)
CHAT_BURST = 5
BOT_WINDOW_S, GROUP_WINDOW_S = 1.0, 60.0
#: calls within this time after a 429 may have been sent before it was read: refused, but they do not extend the wait
IN_FLIGHT_S = 0.5
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
    #: the same in one channel; Telegram names no such limit, careful clients assume one (BOTAPI §6.4)
    flood_channel_per_min: int = 0
    #: waits up to this delay the call, longer ones are a 429; Telegram's own server absorbs 8 s
    flood_absorb_s: float = 0.0
    #: whether each item of an album counts towards `flood_per_s`, or the album as one; Telegram's rule is unknown
    flood_items: bool = False
    #: whether a 429 of the bot's own limit blocks all its chats until the wait is over, or only the chat of the call
    flood_blocks_bot: bool = False
    #: one of MODELS
    flood_model: str = "window"
    #: calls at once in the models bucket and growing
    flood_burst: int = 10
    #: the longest wait that ignored 429s grow to, seconds
    flood_longest_s: int = 3600
    #: whether a call with several messages can be refused after its first ones were sent, by the limit of its chat
    flood_midway: bool = False

    @property
    def has_flood_control(self) -> bool:
        """Whether any limit is enabled."""
        of_chats = (self.flood_chat_per_s, self.flood_group_per_min, self.flood_channel_per_min)
        return self.flood_per_s > 0 or any(limit > 0 for limit in of_chats)

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

    def refuse(self, now: float, wait_s: float, chat_id: int | None, longest_s: int) -> int:
        """Return the whole seconds to wait before the next call for `chat_id`, at most `longest_s` by doubling.

        A call that ignores an earlier 429 of its chat doubles the wait for all chats of this penalty. A call that has
        waited as long as its chat was asked to does not, even if the wait was extended by others meanwhile.
        """
        if now >= self.until:
            self._retry_at.clear()
            self._ask(now, max(1, math.ceil(wait_s)))
        elif now < self._retry_at.get(chat_id, math.inf) and now - self._at > IN_FLIGHT_S:
            self._ask(now, min(max(longest_s, self._asked_s), 2 * self._asked_s))
        seconds = math.ceil(self.until - now)
        self._retry_at[chat_id] = now + seconds
        return seconds

    def _ask(self, now: float, seconds: int) -> None:
        self._at, self._asked_s, self.until = now, seconds, now + seconds


class Limit(NamedTuple):
    """What one gauge says about a call: it counts as `items` towards `limit`."""

    gauge: Gauge
    items: int
    limit: float


class Cut(NamedTuple):
    """A call refused in the middle: its first `sent` messages pass, the next one is answered with `error`."""

    sent: int
    error: ApiError


class Flood:
    """The flood control of one world."""

    def __init__(self) -> None:
        #: replaced by tests
        self.monotonic: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], Awaitable[None]] = pause
        #: (bot, model, burst) -> its gauge: a changed setting begins afresh
        self._bots: dict[tuple[int, str, int], Gauge] = {}
        self._chats: dict[tuple[int, int], Gauge] = {}
        #: (bot, chat) -> its penalty; chat None: for all chats of the bot
        self._penalties: dict[tuple[int, int | None], Penalty] = {}
        self._refused: Counter[int] = Counter()
        self._absorbed: Counter[int] = Counter()

    async def admit(
        self, limits: Limits, bot_id: int, method: str, chat: tuple[int, str] | None, params: dict[str, str]
    ) -> Cut | None:
        """Wait until the call is allowed, and count it. `chat`: id and type of its chat.

        Waits at most `flood_absorb_s`, with `flood_midway` for each message. Raises ApiError 429 when the call would
        have to wait longer; returns a Cut when only its first messages are allowed.
        """
        if method.startswith(_FREE):
            return None
        items = _items(method, params)
        is_midway = limits.flood_midway and items > 1
        of_bot = self._limit_of_bot(limits, bot_id, items)
        of_chat = self._limit_of_chat(limits, bot_id, method, chat, 1 if is_midway else items)
        chat_id = None if chat is None else chat[0]
        await self._pass(limits, bot_id, chat_id, of_bot, of_chat)
        for sent in range(1, items if is_midway and of_chat is not None else 1):
            try:
                await self._pass(limits, bot_id, chat_id, None, of_chat)
            except ApiError as error:
                return Cut(sent, error)
        return None

    def counters(self) -> dict[str, object]:
        """Refused calls and absorbed waits since the reset."""
        return {
            "flood_429": self._refused.total(),
            "flood_429_by_bot": {str(bot): count for bot, count in self._refused.items()},
            "flood_absorbed": self._absorbed.total(),
        }

    async def _pass(
        self, limits: Limits, bot_id: int, chat_id: int | None, of_bot: Limit | None, of_chat: Limit | None
    ) -> None:
        found = [limit for limit in (of_bot, of_chat) if limit is not None]
        if not found:
            return
        give_up_at = self.monotonic() + limits.flood_absorb_s
        while (wait_s := self._wait(limits, bot_id, chat_id, of_bot, found, give_up_at)) > 0:
            self._absorbed[bot_id] += 1
            await self.sleep(wait_s)
        now = self.monotonic()
        for gauge, items, limit in found:
            gauge.charge(now, items, limit)

    def _wait(
        self,
        limits: Limits,
        bot_id: int,
        chat_id: int | None,
        of_bot: Limit | None,
        found: list[Limit],
        give_up_at: float,
    ) -> float:
        """The seconds to wait. Raises ApiError 429 when they end after `give_up_at`."""
        now = self.monotonic()
        at, tightest = max(((one.gauge.free_at(now, *one[1:]), one) for one in found), key=lambda pair: pair[0])
        whole, single = self._penalties.get((bot_id, None)), self._penalties.get((bot_id, chat_id))
        at = max(at, *(one.until for one in (whole, single) if one is not None), -math.inf)
        if at > now and at > give_up_at:
            self._refused[bot_id] += 1
            is_growing = limits.flood_model == "growing"
            is_closed = whole is not None and whole.until > now
            is_of_bot = (limits.flood_blocks_bot or is_growing) and (tightest is of_bot or is_closed)
            penalty = self._penalty((bot_id, None if is_of_bot else chat_id), now)
            told = None if is_of_bot and is_growing else chat_id
            raise flood(penalty.refuse(now, at - now, told, limits.flood_longest_s))
        return at - now

    def _penalty(self, key: tuple[int, int | None], now: float) -> Penalty:
        if len(self._penalties) >= SWEEP_AT:
            self._penalties = {key: penalty for key, penalty in self._penalties.items() if penalty.until > now}
        return self._penalties.setdefault(key, Penalty())

    def _limit_of_bot(self, limits: Limits, bot_id: int, items: int) -> Limit | None:
        if limits.flood_per_s <= 0:
            return None
        key = (bot_id, limits.flood_model, limits.flood_burst)
        gauge = self._bots.get(key)
        if gauge is None:
            is_window = limits.flood_model == "window"
            gauge = self._bots[key] = Window(BOT_WINDOW_S) if is_window else Bucket(limits.flood_burst)
        return Limit(gauge, items if limits.flood_items else 1, limits.flood_per_s)

    def _limit_of_chat(
        self, limits: Limits, bot_id: int, method: str, chat: tuple[int, str] | None, items: int
    ) -> Limit | None:
        if chat is None or not method.startswith(_IN_CHAT) or method in _NOT_IN_CHAT:
            return None
        chat_id, kind = chat
        if kind == "private" and limits.flood_chat_per_s > 0:
            return Limit(self._of_chat((bot_id, chat_id), _person), 1, limits.flood_chat_per_s)
        per_min = limits.flood_channel_per_min if kind == "channel" else limits.flood_group_per_min
        if kind != "private" and per_min > 0:
            return Limit(self._of_chat((bot_id, chat_id), _group), items, per_min)
        return None

    def _of_chat(self, key: tuple[int, int], make: Callable[[], Gauge]) -> Gauge:
        gauge = self._chats.get(key)
        if gauge is None:
            if len(self._chats) >= SWEEP_AT:
                now = self.monotonic()
                self._chats = {key: gauge for key, gauge in self._chats.items() if not gauge.is_idle(now)}
            gauge = self._chats[key] = make()
        return gauge


def _person() -> Bucket:
    return Bucket(CHAT_BURST)


def _group() -> Window:
    return Window(GROUP_WINDOW_S)


def _items(method: str, params: dict[str, str]) -> int:
    """The number of messages of a call; 1 when its list cannot be parsed."""
    try:
        listed = json.loads(params.get(_ITEMS.get(method, ""), "1"))
    except ValueError:
        return 1
    return max(1, len(listed)) if isinstance(listed, list) else 1
