"""Second taps, as far as this process can tell. Between processes the database decides (`claim_delivery`)."""

from datetime import datetime, timedelta

from core.delivery import DOUBLE_TAP

#: a person and a post
Key = tuple[int, str]
#: entries kept before the old ones are looked for
SWEEP_AT = 2_000


class Taps:
    """Which wishes are under way or were just answered. Nothing here outlives the process."""

    def __init__(self) -> None:
        self._under_way: set[Key] = set()
        self._answered_at: dict[Key, datetime] = {}

    def begin(self, key: Key, now: datetime, *, again: bool = False) -> bool:
        """Start a wish; False when it is a second tap: the same is under way, or was answered within DOUBLE_TAP.

        With `again` only what is under way counts.
        """
        answered_at = None if again else self._answered_at.get(key)
        if key in self._under_way or (answered_at is not None and timedelta() <= now - answered_at < DOUBLE_TAP):
            return False
        self._under_way.add(key)
        return True

    def end(self, key: Key) -> None:
        """The wish is no longer under way, however it ended."""
        self._under_way.discard(key)

    def answered(self, key: Key, now: datetime) -> None:
        """The post was handed over at `now`, or the person was told what to do first."""
        if len(self._answered_at) >= SWEEP_AT:
            fresh = {key: at for key, at in self._answered_at.items() if timedelta() <= now - at < DOUBLE_TAP}
            self._answered_at = fresh
        self._answered_at[key] = now
