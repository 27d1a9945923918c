"""Second taps, as far as this process can tell. Between processes the database decides (`claim_delivery`)."""

from datetime import datetime, timedelta

from core.delivery import DOUBLE_TAP

#: a person and a post
Key = tuple[int, str]
#: entries kept before the old ones are looked for
SWEEP_AT = 2_000


class Taps:
    """Which wishes are under way or were just granted. Nothing here outlives the process."""

    def __init__(self) -> None:
        self._under_way: set[Key] = set()
        self._granted_at: dict[Key, datetime] = {}

    def begin(self, key: Key, now: datetime) -> bool:
        """Start a wish; False when it is a second tap: the same is under way, or was granted within DOUBLE_TAP."""
        granted_at = self._granted_at.get(key)
        if key in self._under_way or (granted_at is not None and timedelta() <= now - granted_at < DOUBLE_TAP):
            return False
        self._under_way.add(key)
        return True

    def end(self, key: Key) -> None:
        """The wish is no longer under way, however it ended."""
        self._under_way.discard(key)

    def granted(self, key: Key, now: datetime) -> None:
        """The post was handed over at `now`."""
        if len(self._granted_at) >= SWEEP_AT:
            self._granted_at = {key: at for key, at in self._granted_at.items() if now - at < DOUBLE_TAP}
        self._granted_at[key] = now
