"""The sandbox's call log, which also keeps when calls took effect and in which chats."""

import time
from collections import Counter, defaultdict

from sandbox.errors import NOT_MODIFIED
from sandbox.state.calls import CallLog

#: a bot's id and a method
Key = tuple[int, str]


class CallTimes(CallLog):
    """Takes the place of `World.calls`. Moments are those of `time.monotonic`, which all processes share."""

    def __init__(self) -> None:
        super().__init__()
        self.started: Counter[Key] = Counter()
        #: moment of the first start; may be cleared to see the next process start
        self.first_started: dict[Key, float] = {}
        #: moments at which a call took effect in a chat for the first time, ascending
        self.moments: defaultdict[Key, list[float]] = defaultdict(list)
        #: how often a call took effect in a chat; repeating what had been done before counts again
        self.by_chat: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        #: refused by flood control
        self.refused: Counter[Key] = Counter()

    def repeated(self, key: Key) -> int:
        """Return how many calls repeated what had been done in their chat."""
        return self.by_chat[key].total() - len(self.by_chat[key])

    def start(self, bot_id: int, method: str, chat_id: str, now: float) -> None:
        super().start(bot_id, method, chat_id, now)
        self.started[bot_id, method] += 1
        self.first_started.setdefault((bot_id, method), time.monotonic())

    def finish(
        self, bot_id: int, method: str, chat_id: str, error: str | None, pause: tuple[float, float] | None, size: int
    ) -> None:
        super().finish(bot_id, method, chat_id, error, pause, size)
        key = (bot_id, method)
        self.refused[key] += pause is not None
        if not chat_id or not (error is None or error.endswith(NOT_MODIFIED)):
            return
        if chat_id not in self.by_chat[key]:
            self.moments[key].append(time.monotonic())
        self.by_chat[key][chat_id] += 1
