"""Is the database there, are its indexes, and how much is in it?"""

from dataclasses import dataclass

from database.connection import Database
from database.indexes import INDEXES, missing_indexes


@dataclass(frozen=True, slots=True)
class Findings:
    """What an examination found."""

    #: indexes that do not stand, as "collection.name"
    missing_indexes: list[str]
    #: documents per collection
    counts: dict[str, int]

    @property
    def is_healthy(self) -> bool:
        """True when nothing has to be done."""
        return not self.missing_indexes


async def examine(db: Database) -> Findings:
    """Look at every collection; changes nothing. Raises StoreUnavailable when the server does not answer."""
    await db.ping()
    missing = await missing_indexes(db)
    counts = {name: await db.collection(name).count({}) for name in sorted(INDEXES)}
    return Findings(missing, counts)
