"""A bounded log of Bot API calls, and counters of wrong behaviour of bots (BOTAPI §8 "Assert invariants")."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sandbox.errors import BLOCKED

Json = dict[str, Any]

MAX_CALLS = 10_000
PREVIEW_BYTES = 300
#: Calls that ignored a 429: how many are listed one by one.
IGNORED_SHOWN = 100
_SENDING = ("send", "copy", "forward", "edit")


@dataclass(slots=True, eq=False)
class Record:
    """One finished call. `at` is sandbox time in seconds, `body` the first bytes of the answer, `made` ids it sent."""

    n: int
    at: float
    bot_id: int
    method: str
    params: dict[str, str]
    files: dict[str, int]
    status: int
    body: bytes
    duration_ms: float
    error: str | None
    fault: str | None
    made: list[int]

    def shown(self) -> Json:
        """The call as `GET /control/calls` lists it."""
        shown: Json = {
            "n": self.n,
            "at": self.at,
            "bot": self.bot_id,
            "method": self.method,
            "params": self.params | {name: f"<{size} bytes>" for name, size in self.files.items()},
            "status": self.status,
            "ok": self.status == 200,
            "result_preview": self.body.decode("utf-8", "ignore"),
            "duration_ms": round(self.duration_ms, 2),
        }
        if self.error is not None:
            shown["error"] = self.error
        if self.made:
            shown["made"] = self.made
        return shown | ({"fault": self.fault} if self.fault else {})


@dataclass(slots=True)
class Rate:
    """Tracks the most events in any window of one real second."""

    recent: deque[float] = field(default_factory=deque)
    highest: int = 0

    def add(self, now: float, count: int) -> None:
        """Count `count` events at monotonic `now`."""
        recent = self.recent
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        recent.extend([now] * count)
        self.highest = max(self.highest, len(recent))


class CallLog:
    """The log and the counters of one world."""

    def __init__(self) -> None:
        self.last = 0
        #: Bot API calls that are running, without getUpdates.
        self.in_flight = 0
        self._records: deque[Record] = deque(maxlen=MAX_CALLS)
        self._methods: Counter[tuple[int, str]] = Counter()
        self._unknown: Counter[str] = Counter()
        self._chat_rates: dict[tuple[int, str], Rate] = {}
        self._bot_rates: dict[int, Rate] = {}
        #: Of the last 429 in a chat: when it was answered, until when to wait (sandbox time), and the real unix time.
        self._paused: dict[tuple[int, str], tuple[float, float, float]] = {}
        self._refused: set[tuple[int, str]] = set()
        self._bad: Counter[str] = Counter()
        self._ignored: deque[Json] = deque(maxlen=IGNORED_SHOWN)

    def note_unknown(self, method: str) -> None:
        """Count a call of a method that does not exist."""
        self._unknown[method] += 1

    def note_double_answer(self) -> None:
        """Count a second answer to a callback."""
        self._bad["double_callback_answers"] += 1

    def keep(self, record: Record) -> None:
        """Add a record to the bounded log."""
        self._records.append(record)

    def start(self, bot_id: int, method: str, chat_id: str, now: float) -> None:
        """Count a call that starts at sandbox time `now`."""
        self.last += 1
        self._methods[(bot_id, method)] += 1
        if not chat_id or not method.startswith(_SENDING):
            return
        key = (bot_id, chat_id)
        refused_at, until, refused_unix = self._paused.get(key, (0.0, 0.0, 0.0))
        if until > now:
            self._bad["ignored_429"] += 1
            call = {"n": self.last, "bot": bot_id, "chat_id": chat_id, "at": now}
            self._ignored.append(call | {"told_at": refused_at, "until": until, "told_unix": refused_unix})
        if key in self._refused:
            self._bad["sends_after_403_blocked"] += 1

    def finish(
        self, bot_id: int, method: str, chat_id: str, error: str | None, pause: tuple[float, float] | None, size: int
    ) -> None:
        """Count a finished call: `size` messages sent, or refused with `error`. `pause`, of a 429: now, until when."""
        if not chat_id or not method.startswith(_SENDING):
            return
        key = (bot_id, chat_id)
        if pause is not None:
            self._paused[key] = (*pause, time.time())
        if error is not None:
            if error.endswith(BLOCKED):
                self._refused.add(key)
            return
        self._refused.discard(key)
        now = time.monotonic()
        self._chat_rates.setdefault(key, Rate()).add(now, size)
        self._bot_rates.setdefault(bot_id, Rate()).add(now, size)

    def forgive(self, bot_id: int, chat_id: int) -> None:
        """Forget that the chat refused the bot, because the person unblocked it."""
        self._refused.discard((bot_id, str(chat_id)))

    def listed(self, since: int, limit: int, bot_id: int | None, method: str | None) -> Json:
        """The records after number `since`, oldest first, at most `limit`."""
        wanted = (
            record.shown()
            for record in self._records
            if record.n > since
            and (bot_id is None or record.bot_id == bot_id)
            and (method is None or record.method.lower() == method.lower())
        )
        return {"last": self.last, "calls": list(islice(wanted, limit))}

    def counters(self) -> Json:
        """Counters since the reset; rates are messages in the busiest real second."""
        methods: Counter[str] = Counter()
        for (_, method), count in self._methods.items():
            methods[method] += count
        return {
            "methods": dict(methods),
            "methods_by_bot": _by_bot(self._methods),
            "max_per_second_by_chat": {f"{bot}:{chat}": rate.highest for (bot, chat), rate in self._chat_rates.items()},
            "max_per_second_by_bot": {str(bot): rate.highest for bot, rate in self._bot_rates.items()},
            "ignored_429": self._bad["ignored_429"],
            "ignored_429_calls": list(self._ignored),
            "sends_after_403_blocked": self._bad["sends_after_403_blocked"],
            "double_callback_answers": self._bad["double_callback_answers"],
            "unknown_methods": dict(self._unknown),
        }


def _by_bot(methods: Counter[tuple[int, str]]) -> dict[str, dict[str, int]]:
    shown: dict[str, dict[str, int]] = {}
    for (bot_id, method), count in methods.items():
        shown.setdefault(str(bot_id), {})[method] = count
    return shown
