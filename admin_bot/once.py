"""Telegram delivers at least once: what was already handled is remembered here, for this process."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from core.errors import StoreUnavailable

#: how many keys are remembered; duplicates come within seconds, not thousands of messages later
REMEMBERED_MAX = 5000


class Once:
    """A bounded memory of keys."""

    def __init__(self, size: int = REMEMBERED_MAX) -> None:
        self._size = size
        self._seen: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._seen

    def add(self, key: Hashable) -> bool:
        """Remember `key`; False when it was known already."""
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True

    @contextmanager
    def attempt(self, key: Hashable) -> Iterator[bool]:
        """Yields True for a new key. StoreUnavailable inside forgets it: the intake brings the same update again."""
        is_new = self.add(key)
        try:
            yield is_new
        except StoreUnavailable:
            if is_new:
                self._seen.pop(key, None)
            raise
