"""The sandbox's call log, which also remembers what was done in each chat and when."""

import asyncio
import time
from collections import Counter

from sandbox.errors import NOT_MODIFIED
from sandbox.state.calls import CallLog

DELETED, TOLD = "deleteMessages", "editMessageText"


class Ledger(CallLog):
    """Takes the place of `World.calls`. Moments are those of `time.perf_counter`."""

    def __init__(self, bot_id: int) -> None:
        super().__init__()
        self._bot_id = bot_id
        #: how often a chat had a call that took effect, or would have if it had not before: by method
        self.done: dict[str, Counter[str]] = {DELETED: Counter(), TOLD: Counter()}
        self.calls: Counter[str] = Counter()
        self.begin()

    def begin(self) -> None:
        """Another process comes: its moments are counted anew, what was done stays."""
        self.polling = asyncio.Event()
        self.polling_at: float | None = None
        #: when messages went that nobody had deleted before
        self.first_kept_at: float | None = None
        self.last_kept_at: float | None = None
        self.calls.clear()

    @property
    def kept(self) -> int:
        """Chats whose messages are gone."""
        return len(self.done[DELETED])

    def repeated(self, method: str) -> int:
        """Calls of `method` that did a second time what was done."""
        return self.done[method].total() - len(self.done[method])

    def start(self, bot_id: int, method: str, chat_id: str, now: float) -> None:
        super().start(bot_id, method, chat_id, now)
        if bot_id != self._bot_id:
            return
        if method != "getUpdates":
            self.calls[method] += 1
        elif self.polling_at is None:
            self.polling_at = time.perf_counter()
            self.polling.set()

    def finish(
        self, bot_id: int, method: str, chat_id: str, error: str | None, pause: tuple[float, float] | None, size: int
    ) -> None:
        super().finish(bot_id, method, chat_id, error, pause, size)
        if method not in self.done or not (error is None or error.endswith(NOT_MODIFIED)):
            return
        is_new = chat_id not in self.done[method]
        self.done[method][chat_id] += 1
        if method == DELETED and is_new:
            self.last_kept_at = time.perf_counter()
            self.first_kept_at = self.first_kept_at or self.last_kept_at
