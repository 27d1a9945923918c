"""Whether the database takes writes: found out by a tiny one, and by those it refuses."""

import time
from collections.abc import Callable
from datetime import datetime

from core.errors import StoreReadOnly, StoreRefused
from database.collection import Collection

#: where the tiny write goes
PROBE_COLLECTION = "health"
PROBE_ID = "write_probe"
#: how long a result of the small write is good for one who only reports it, in seconds: taken, and refused
TAKEN_KNOWN_FOR_S = 60.0
REFUSED_KNOWN_FOR_S = 5.0


class Writes:
    """What is known of whether the database takes writes."""

    def __init__(self, collection: Callable[[str], Collection], now: Callable[[], datetime]) -> None:
        self._collection = collection
        self._now = now
        #: why the last write that says something about the store was refused; None: it takes writes, as far as is known
        self.refused: str | None = None
        self._checked_at: float | None = None

    async def known(self) -> str | None:
        """Return why writes are refused, None when they are taken: as of at most a minute ago, or some seconds.

        Raises StoreUnavailable like `check`.
        """
        known_for_s = TAKEN_KNOWN_FOR_S if self.refused is None else REFUSED_KNOWN_FOR_S
        if self._checked_at is None or time.monotonic() - self._checked_at >= known_for_s:
            return await self.check()
        return self.refused

    async def check(self) -> str | None:
        """Write one small document; return why it was refused, None when it was not.

        Raises StoreUnavailable, also as StoreSlow, when that cannot be told: the database does not answer in time.
        """
        self._checked_at = time.monotonic()
        probes = self._collection(PROBE_COLLECTION)
        try:
            await probes.update_one({"_id": PROBE_ID}, {"$set": {"at": self._now()}}, upsert=True)
        except (StoreReadOnly, StoreRefused) as error:
            self.refused = str(error)
        else:
            self.refused = None
        return self.refused

    async def forget_probe(self) -> None:
        """Delete the small document: in a database that is examined before a restore nothing may be left."""
        await self._collection(PROBE_COLLECTION).delete_one({"_id": PROBE_ID})
