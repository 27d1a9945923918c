"""Reads a file of subscribers page by page, in a thread, and looks or stores; each page is a few commands."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import IO
from zoneinfo import ZoneInfo

from core.exchange.imports.ids import SeenIds
from core.exchange.imports.people import ImportedPerson
from core.exchange.imports.runs import ImportCounts, unreadable_counts
from core.exchange.imports.table import PAGE, PeopleTable, Row
from database.erasing.tombstones import Tombstones
from database.operations.exchange.imported_people import Source, sort_page, store_page

#: called after each page with what is done so far; False ends the work
Progress = Callable[[ImportCounts], Awaitable[bool]]


async def _always(done: ImportCounts) -> bool:
    return True


class Importer:
    """One pass over one open file. Everything may raise UnusableFile, StoreUnavailable and OSError."""

    def __init__(self, file: IO[bytes], zone: ZoneInfo, tombstones: Tombstones, *, page: int = PAGE) -> None:
        self._file = file
        self._zone = zone
        self._tombstones = tombstones
        self._size = page

    async def look(self, progress: Progress = _always) -> ImportCounts:
        """Return what an import would do; stores nothing."""
        seen, done = SeenIds(), ImportCounts()
        table, erased = await self._open()
        while page := await asyncio.to_thread(table.next_page, self._size):
            part = _split(page, seen)
            found = await sort_page(part.people, self._tombstones, erased)
            done = done.plus(found.counts).plus(part.rest)
            if not await progress(done):
                break
        return done

    async def store(self, source: Source, done: ImportCounts, progress: Progress = _always) -> ImportCounts:
        """Store whoever is new behind the rows of `done`, which are stored; returns what is done at the end."""
        seen, left = SeenIds(), done.total
        table, erased = await self._open()
        while left and (passed := await asyncio.to_thread(table.next_page, min(left, self._size))):
            _split(passed, seen)
            left -= len(passed)
        while page := await asyncio.to_thread(table.next_page, self._size):
            part = _split(page, seen)
            counts = await store_page(part.people, self._tombstones, erased, source)
            done = done.plus(counts).plus(part.rest)
            if not await progress(done):
                break
        return done

    async def _open(self) -> tuple[PeopleTable, frozenset[str]]:
        table = await asyncio.to_thread(PeopleTable, self._file, self._zone)
        return table, frozenset(await asyncio.to_thread(self._tombstones.known))


@dataclass(frozen=True, slots=True)
class _Part:
    """A page: everybody who is in the file for the first time, and the counts of its other rows."""

    people: list[ImportedPerson]
    rest: ImportCounts


def _split(page: list[Row], seen: SeenIds) -> _Part:
    people = [row for row in page if isinstance(row, ImportedPerson)]
    first = [one for one in people if seen.add(one.user_id)]
    rest = unreadable_counts([row for row in page if not isinstance(row, ImportedPerson)])
    return _Part(first, rest.plus(ImportCounts(doubled=len(people) - len(first))))
