"""A Bot API call that waits for its turn, and the queue of a lane. Knows nothing of aiogram."""

import asyncio
import math
from bisect import insort
from operator import attrgetter

from sender.lanes import Lane
from sender.limits import ChatKey, TokenBucket

#: longest pause, in seconds, that a call of each lane waits out; the caller gets an error for a longer one
LONGEST_WAIT_S = {Lane.INTERACTIVE: 60.0, Lane.DELETION: 10.0, Lane.BULK: 10.0}


class ApiCall:
    """One call: its lane and chat, its place in the queue, and the state of its retries."""

    __slots__ = (
        "chat",
        "give_up_at",
        "is_started",
        "items",
        "lane",
        "not_before",
        "refused_until",
        "retries",
        "seq",
        "started_at",
        "wait_left_s",
        "wake",
    )

    def __init__(self, seq: int, lane: Lane, chat: ChatKey | None, items: int) -> None:
        #: place in the order of arrival; kept when the call is retried
        self.seq = seq
        self.lane = lane
        #: None when the call concerns no chat
        self.chat = chat
        #: how many messages it makes in its chat; 0 for a deletion
        self.items = items
        #: longest pause it still waits out, in seconds; what it has waited so far is taken off
        self.wait_left_s = LONGEST_WAIT_S[lane]
        self.give_up_at = math.inf
        self.not_before = -math.inf
        self.is_started = False
        self.started_at = -math.inf
        #: end of the pause for which it was taken out of its queue
        self.refused_until: float | None = None
        #: retries after failures other than a 429
        self.retries = 0
        self.wake: asyncio.Future[None] | None = None


class LaneQueue:
    """The waiting calls of one lane, in order of arrival, and the token buckets that all of them draw from."""

    def __init__(self, *buckets: TokenBucket) -> None:
        self.buckets = buckets
        self.calls: list[ApiCall] = []

    def add(self, call: ApiCall) -> None:
        insort(self.calls, call, key=attrgetter("seq"))

    def free_at(self, at: float) -> float:
        """When the lane may go on, given that the bot may at `at`."""
        for bucket in self.buckets:
            at = max(at, bucket.free_at())
        return at
