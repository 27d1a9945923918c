"""Second taps, as far as this process can see them. Between processes the database decides (`delivery_ops.start`)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cachetools import FIFOCache

from core.delivery import DOUBLE_TAP

#: a subscriber and a post
RequestKey = tuple[int, str]
#: answers remembered; at the bot's rate limit no more than 90 are sent within DOUBLE_TAP
ANSWERS_MAX = 2_000


class First(StrEnum):
    """What became of the first of two requests. A closed list."""

    #: it delivers the post
    DELIVERS = "delivers"
    #: the subscriber was told what to do first
    REFUSED = "refused"
    #: it did nothing: an earlier process handled it
    SILENT = "silent"


@dataclass(slots=True)
class _InProgress:
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    first: First = First.SILENT

    def decide(self, first: First) -> None:
        self.first = first
        self.decided.set()


class RequestDeduplicator:
    """Requests that are in progress or were just answered. Kept in memory, for this process only."""

    def __init__(self) -> None:
        self._in_progress: dict[RequestKey, _InProgress] = {}
        self._answered_at: FIFOCache[RequestKey, datetime] = FIFOCache(ANSWERS_MAX)

    def try_start(self, key: RequestKey, now: datetime, *, ignore_answered: bool = False) -> bool:
        """Start a request; False for a second tap: the same one is in progress or was answered within DOUBLE_TAP.

        With `ignore_answered` only one in progress counts. A started request must be ended by `end`.
        """
        answered_at = None if ignore_answered else self._answered_at.get(key)
        # an answer in the future was noted before the clock was put back: it does not count
        if key in self._in_progress or (answered_at is not None and timedelta() <= now - answered_at < DOUBLE_TAP):
            return False
        self._in_progress[key] = _InProgress()
        return True

    def note_delivers(self, key: RequestKey) -> None:
        """Note that the request in progress has claimed the delivery."""
        if key in self._in_progress:
            self._in_progress[key].decide(First.DELIVERS)

    def end(self, key: RequestKey, *, was_refused: bool = False) -> None:
        """End a request that is in progress, whatever its outcome; others are ignored."""
        ended = self._in_progress.pop(key, None)
        if ended is None:
            return
        if not ended.decided.is_set() or was_refused:
            ended.decide(First.REFUSED if was_refused else First.SILENT)
        ended.ended.set()

    async def wait_for_first(self, key: RequestKey, *, until_its_end: bool = False) -> First | None:
        """Wait until it is decided what the request in progress does; return it. None when none is in progress.

        With `until_its_end` a delivery is waited for, too: it may turn out to be unpaid.
        """
        first = self._in_progress.get(key)
        if first is None:
            return None
        await (first.ended if until_its_end else first.decided).wait()
        return first.first

    def note_answered(self, key: RequestKey, now: datetime) -> None:
        """Remember that the request was answered at `now`, by the post or by what the subscriber has to do first."""
        self._answered_at[key] = now
