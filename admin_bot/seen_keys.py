"""A bounded set of keys, for what has to be done once although Telegram delivers each update at least once."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from aiogram.dispatcher.event.bases import SkipHandler
from cachetools import FIFOCache

from core.errors import StoreUnavailable

#: keys remembered; a repeated update comes within seconds, not thousands of messages later
REMEMBERED_MAX = 5000


class SeenKeys:
    """A bounded set of keys, in memory: the oldest are evicted."""

    def __init__(self, size: int = REMEMBERED_MAX) -> None:
        self._seen: FIFOCache[Hashable, None] = FIFOCache(size)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._seen

    def add(self, key: Hashable) -> bool:
        """Remember `key`; False when it is known already."""
        if key in self._seen:
            return False
        self._seen[key] = None
        return True

    @contextmanager
    def first_time(self, key: Hashable) -> Iterator[bool]:
        """Yield whether `key` is new, and remember it.

        StoreUnavailable inside the block forgets a new key again: the intake repeats such an update. So does
        SkipHandler: the next handler takes the same update.
        """
        is_new = self.add(key)
        try:
            yield is_new
        except (StoreUnavailable, SkipHandler):
            if is_new:
                self._seen.pop(key, None)
            raise
