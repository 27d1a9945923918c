"""A restart of the Bot API server: calls in flight are cut, and for a time no call is taken.

What is known of the real one (tdlib/telegram-bot-api): `Client::on_closed` answers every call that waits with 500
"restart", whether Telegram has executed it or not, and a waiting getUpdates with what is queued. `ClientManager`
answers new calls with 429 until the process ends; then connections are refused. The update queue is on disk.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: What a call gets while the server is down: 500 restart, 429 retry after 5, the 502 page of a front end, a reset
#: connection; refuse: the port is closed, so that no connection is made.
ANSWERS = ("500", "429", "502", "reset", "refuse")


class Restarts:
    """The calls in flight, and whether the server is down."""

    def __init__(self) -> None:
        #: replaced by tests
        self.monotonic: Callable[[], float] = time.monotonic
        #: closes the port for that many seconds; set by the server
        self.close_port: Callable[[float], None] | None = None
        #: cuts the posts to webhooks that are under way; set by the server
        self.cut_posts: Callable[[], None] | None = None
        self.answer = ANSWERS[0]
        #: whether calls in flight that were not executed yet are, before their 500
        self.executes = False
        #: restarts, and calls that came while the server was down, since the reset
        self.count = self.turned_away = 0
        self._until = 0.0
        self._running: set[asyncio.Task[object]] = set()
        self._cut: set[asyncio.Task[object]] = set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Mark the current task as a call in flight: a restart cancels it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call runs in a task")
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)

    def begin(self, down_s: float, answer: str, *, executes: bool) -> int:
        """Cut the calls in flight, and be down for `down_s` real seconds. Returns how many calls were cut."""
        self.count += 1
        self.answer, self.executes = answer, executes
        self._until = self.monotonic() + down_s
        cut = [task for task in self._running if task not in self._cut]
        self._cut.update(cut)
        for task in cut:
            task.cancel()
        if self.cut_posts is not None:
            self.cut_posts()
        if answer == "refuse" and down_s > 0 and self.close_port is not None:
            self.close_port(down_s)
        return len(cut)

    def end(self) -> None:
        """Be up again, and forget the counts. A closed port stays closed for its time."""
        self._until = 0.0
        self.count = self.turned_away = 0

    def was_cut(self) -> bool:
        """Whether a restart cancelled the current task, which then goes on; False: it was cancelled otherwise."""
        task = asyncio.current_task()
        if task is None or task not in self._cut:
            return False
        self._cut.discard(task)
        task.uncancel()
        return True

    @property
    def is_down(self) -> bool:
        """Whether no call is taken."""
        return self.monotonic() < self._until

    def turns_away(self) -> bool:
        """Whether the server is down; counts the call."""
        if not self.is_down:
            return False
        self.turned_away += 1
        return True
