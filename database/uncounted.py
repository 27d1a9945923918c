"""Which collections have rows with events that this process has marked and nobody has counted yet: a hint.

What a killed process leaves is found at the next start, which looks into all of them.
"""

import asyncio

#: the field of a row that holds its marks (`core.statistics.events`)
FIELD = "uncounted"
#: collections whose rows hold marks
MARKED = ("users", "deliveries", "tokens", "announcements", "broadcasts")
#: holds the furthest step of each try, counted or not
TRIES = "tries"


class Uncounted:
    """One per open database."""

    def __init__(self) -> None:
        self._names: set[str] = {*MARKED, TRIES}
        self._is_due = asyncio.Event()
        # what an earlier process has left
        self._is_due.set()

    def note(self, *names: str) -> None:
        """Have these collections looked into soon. Returns at once."""
        self._names |= set(names)
        self._is_due.set()

    def take(self) -> frozenset[str]:
        """Return the collections to look into, and forget them."""
        names, self._names = frozenset(self._names), set()
        self._is_due.clear()
        return names

    async def wait(self) -> None:
        """Return when there is something to look into."""
        await self._is_due.wait()
