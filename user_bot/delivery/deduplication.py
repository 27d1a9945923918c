"""Second taps, as far as this process can see them. Between processes the database decides (`claim_delivery`)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import FIFOCache

from core.delivery import DOUBLE_TAP

#: a subscriber and a post
RequestKey = tuple[int, str]
#: answers remembered; at the bot's rate limit no more than 90 are sent within DOUBLE_TAP
ANSWERS_MAX = 2_000


@dataclass(slots=True)
class _InProgress:
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)
    was_refused: bool = False


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

    def end(self, key: RequestKey, *, was_refused: bool = False) -> None:
        """End a request that is in progress, whatever its outcome; others are ignored."""
        ended = self._in_progress.pop(key, None)
        if ended is not None:
            ended.was_refused = was_refused
            ended.has_ended.set()

    async def wait_for_refusal(self, key: RequestKey) -> bool:
        """Wait until the request in progress has ended; return whether it was refused. False when there is none."""
        in_progress = self._in_progress.get(key)
        if in_progress is None:
            return False
        await in_progress.has_ended.wait()
        return in_progress.was_refused

    def note_answered(self, key: RequestKey, now: datetime) -> None:
        """Remember that the request was answered at `now`, by the post or by what the subscriber has to do first."""
        self._answered_at[key] = now
