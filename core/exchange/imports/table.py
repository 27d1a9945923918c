"""A file of subscribers, opened: who its lines are, page by page."""

import io
from collections.abc import Iterator
from typing import IO
from zoneinfo import ZoneInfo

from core.exchange.imports.columns import Columns, delimiter_said, find_columns
from core.exchange.imports.letters import find_encoding
from core.exchange.imports.lines import LINE_MAX, records
from core.exchange.imports.people import ImportedPerson, person_of
from core.exchange.imports.problems import FileProblem, UnusableFile

#: subscribers and unreadable lines of one page
PAGE = 500
#: an unreadable line is its number
Row = ImportedPerson | int


class PeopleTable:
    """One pass over an open file. Memory holds one page, however long the file is."""

    def __init__(self, file: IO[bytes], zone: ZoneInfo) -> None:
        """Read the whole file once for its letters, and its first line. Raises UnusableFile."""
        self._encoding = find_encoding(file)
        text = io.TextIOWrapper(file, self._encoding, newline="")
        try:
            self.columns, self._skipped = _columns(text)
        finally:
            # the wrapper would close the file
            text.detach()
        file.seek(0)
        self._file = file
        self._zone = zone
        self._rows = self._read()

    def next_page(self, size: int = PAGE) -> list[Row]:
        """Return the next rows; fewer than `size` at the end only."""
        page = []
        for row in self._rows:
            page.append(row)
            if len(page) == size:
                break
        return page

    def _read(self) -> Iterator[Row]:
        text = io.TextIOWrapper(self._file, self._encoding, newline="")
        try:
            for number, cells in records(text, self.columns.delimiter):
                if number <= self._skipped:
                    continue
                person = None if cells is None else person_of(number, cells, self.columns.places, self._zone)
                yield number if person is None else person
        finally:
            # whoever opened the file closes it, perhaps before this ends
            if not self._file.closed:
                text.detach()


def _columns(text: io.TextIOWrapper) -> tuple[Columns, int]:
    """Return how the lines are read, and how many of the first are no subscribers."""
    number, said = 0, None
    while line := text.readline(LINE_MAX):
        number += 1
        if not line.strip():
            continue
        if number == 1 and (said := delimiter_said(line)) is not None:
            continue
        columns = find_columns(line, said)
        if columns is None:
            raise UnusableFile(FileProblem.NO_IDS)
        return columns, number if columns.has_header else number - 1
    raise UnusableFile(FileProblem.EMPTY)
