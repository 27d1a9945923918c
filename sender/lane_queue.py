"""The calls that wait: one on its way, and the line of a lane. Knows nothing of aiogram."""

import asyncio
import math
from bisect import insort
from operator import attrgetter

from sender.lanes import Lane
from sender.limits import ChatKey, TokenBucket

#: seconds a call of each lane waits for a pause of Telegram's; a longer one is handed to the caller to remember
PATIENCE_S = {Lane.INTERACTIVE: 60.0, Lane.DELETION: 10.0, Lane.BULK: 10.0}


class Call:
    """One call on its way: where it goes, and what it waited for."""

    __slots__ = (
        "give_up_at",
        "is_started",
        "items",
        "key",
        "lane",
        "not_before",
        "patience_s",
        "refused_until",
        "repeats",
        "seq",
        "started_at",
        "wake",
    )

    def __init__(self, seq: int, lane: Lane, key: ChatKey | None, items: int) -> None:
        #: place in the order of arrival; kept when the call is repeated
        self.seq = seq
        self.lane = lane
        #: None when the call concerns no chat
        self.key = key
        #: how many messages it makes in its chat; 0 for a deletion
        self.items = items
        self.patience_s = PATIENCE_S[lane]
        self.give_up_at = math.inf
        self.not_before = -math.inf
        self.is_started = False
        self.started_at = -math.inf
        self.refused_until: float | None = None
        #: how often it was repeated without a 429
        self.repeats = 0
        self.wake: asyncio.Future[None] | None = None


class LaneQueue:
    """The waiting calls of one lane, in order of arrival, and the paces the lane as a whole keeps."""

    def __init__(self, *paces: TokenBucket) -> None:
        self.paces = paces
        self.calls: list[Call] = []

    def add(self, call: Call) -> None:
        insort(self.calls, call, key=attrgetter("seq"))

    def free_at(self, at: float) -> float:
        """When the lane may go on, given that the bot may at `at`."""
        for pace in self.paces:
            at = max(at, pace.free_at())
        return at
