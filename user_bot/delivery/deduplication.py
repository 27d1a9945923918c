"""Second taps, as far as this process can tell. Between processes the database decides (`claim_delivery`)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.delivery import DOUBLE_TAP

#: a person and a post
Key = tuple[int, str]
#: entries kept before the old ones are looked for
SWEEP_AT = 2_000


@dataclass(slots=True)
class _UnderWay:
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    #: the person was told what to do first
    was_turned_away: bool = False


class RequestDeduplicator:
    """Which wishes are under way or were just answered. Nothing here outlives the process."""

    def __init__(self) -> None:
        self._under_way: dict[Key, _UnderWay] = {}
        self._answered_at: dict[Key, datetime] = {}

    def begin(self, key: Key, now: datetime, *, again: bool = False) -> bool:
        """Start a wish; False when it is a second tap: the same is under way, or was answered within DOUBLE_TAP.

        With `again` only what is under way counts.
        """
        answered_at = None if again else self._answered_at.get(key)
        if key in self._under_way or (answered_at is not None and timedelta() <= now - answered_at < DOUBLE_TAP):
            return False
        self._under_way[key] = _UnderWay()
        return True

    def end(self, key: Key, *, was_turned_away: bool = False) -> None:
        """The wish is no longer under way, however it ended."""
        ended = self._under_way.pop(key, None)
        if ended is not None:
            ended.was_turned_away = was_turned_away
            ended.is_over.set()

    async def is_turned_away(self, key: Key) -> bool:
        """Wait until the wish that is under way is over; whether its person was told what to do first."""
        under_way = self._under_way.get(key)
        if under_way is None:
            return False
        await under_way.is_over.wait()
        return under_way.was_turned_away

    def answered(self, key: Key, now: datetime) -> None:
        """The post was handed over at `now`, or the person was told what to do first."""
        if len(self._answered_at) >= SWEEP_AT:
            fresh = {key: at for key, at in self._answered_at.items() if timedelta() <= now - at < DOUBLE_TAP}
            self._answered_at = fresh
        self._answered_at[key] = now
