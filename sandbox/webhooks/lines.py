"""Which updates of a bot are posted next: one line per chat or person, each with one post at a time (BOTAPI §2.3).

As WebhookActor.cpp of tdlib/telegram-bot-api does it: twice as many updates as connections are loaded, a line waits for
its first update, and an update whose post failed comes again until it expires.
"""

import random
from collections import deque
from dataclasses import dataclass
from typing import Any

from sandbox.state.update_queue import Queued, UpdateQueue

Json = dict[str, Any]
#: a kind of line, and whose it is
Line = tuple[str, int]

#: the longest wait between two posts is random between this and its double, seconds
LONGEST_WAIT_S = 60
#: the longest Retry-After that is heeded, seconds
LONGEST_RETRY_AFTER_S = 3600

_MESSAGES = frozenset({"message", "edited_message", "channel_post", "edited_channel_post"})
#: kinds with a line per person; the kinds with the same name share one
_BY_PERSON = {
    "callback_query": "callback",
    "inline_query": "inline",
    "chosen_inline_result": "chosen",
    "shipping_query": "payment",
    "pre_checkout_query": "payment",
    "chat_member": "member",
    "chat_join_request": "member",
}


@dataclass(slots=True, eq=False)
class Loaded:
    """An update that is to be posted."""

    queued: Queued
    line: Line
    #: not before this time of the sandbox's clock
    due_at: float
    wait_s: int = 1
    failures: int = 0


def line_of(update: Json) -> Line:
    """Return the line of an update; one of a kind without lines has a line of its own."""
    kind = next(name for name in update if name != "update_id")
    body = update[kind]
    if not isinstance(body, dict):
        return ("alone", update["update_id"])
    if kind in _MESSAGES and isinstance(body.get("chat"), dict):
        return ("chat", body["chat"]["id"])
    if kind == "my_chat_member":
        return ("own", body["chat"]["id"])
    if kind in _BY_PERSON and isinstance(body.get("from"), dict):
        return (_BY_PERSON[kind], body["from"]["id"])
    return ("alone", update["update_id"])


class Lines:
    """The loaded updates of one bot, by line."""

    def __init__(self, queue: UpdateQueue, max_connections: int) -> None:
        self._queue = queue
        self._room = 2 * max_connections
        self._loaded_up_to = 0
        self._lines: dict[Line, deque[Loaded]] = {}
        #: lines whose first update is being posted
        self._busy: set[Line] = set()

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def load(self, now: float) -> None:
        """Load further updates while there is room."""
        if self._queue.next_id <= self._loaded_up_to:  # numbered anew
            self._loaded_up_to = 0
        for queued in self._queue.after(self._loaded_up_to, self._room - len(self), now):
            line = line_of(queued.body)
            self._lines.setdefault(line, deque()).append(Loaded(queued, line, now))
            self._loaded_up_to = queued.update_id

    def take(self, now: float) -> Loaded | None:
        """Return an update that is due, whose line is busy from now on; None without one."""
        first = self._first_waiting()
        if first is None or first.due_at > now:
            return None
        self._busy.add(first.line)
        return first

    def next_due(self) -> float | None:
        """Return when the next update is due; None without one."""
        first = self._first_waiting()
        return None if first is None else first.due_at

    def _first_waiting(self) -> Loaded | None:
        waiting = (line[0] for key, line in self._lines.items() if key not in self._busy)
        return min(waiting, key=lambda loaded: loaded.due_at, default=None)

    def done(self, loaded: Loaded) -> None:
        """Remove an update for good; its line goes on."""
        self._busy.discard(loaded.line)
        line = self._lines[loaded.line]
        line.popleft()
        if not line:
            del self._lines[loaded.line]
        self._queue.forget(loaded.queued.update_id)

    def failed(self, loaded: Loaded, retry_after_s: int, now: float) -> None:
        """Have an update posted again: at once after its first failure, then later and later, or after `retry_after_s`.

        One that would expire before is removed.
        """
        wait_s = min(max(retry_after_s, 0), LONGEST_RETRY_AFTER_S)
        if not wait_s and loaded.failures:
            longest = random.randint(LONGEST_WAIT_S, 2 * LONGEST_WAIT_S)  # noqa: S311 - no secret
            loaded.wait_s = wait_s = min(longest, loaded.wait_s * 2)
        if now + wait_s > loaded.queued.expires_at:
            self.done(loaded)
            return
        self._busy.discard(loaded.line)
        loaded.failures += 1
        loaded.due_at = now + wait_s
