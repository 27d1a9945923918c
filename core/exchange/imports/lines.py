"""Lines of a CSV file, each with its number. What is wrong with one line costs no other one."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

#: characters of one line; of a longer one only that it is there is known
LINE_MAX = 20_000
#: lines one record may have, by line ends within quotes
_LINES_MAX = 10
DELIMITERS = (",", ";", "\t")
#: what a spreadsheet would run: written files have an apostrophe before it
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")

#: cells of a record; None: the line cannot be read
Cells = list[str] | None


class _Lines:
    """Lines of a text with their numbers; lines can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._back: deque[tuple[int, str | None]] = deque()
        self._number = 0

    def next(self) -> tuple[int, str | None] | None:
        """Return the next line with its number, None in place of one that is too long; None at the end."""
        if self._back:
            return self._back.popleft()
        line = self._text.readline(LINE_MAX)
        if not line:
            return None
        self._number += 1
        if len(line) < LINE_MAX or line.endswith(("\n", "\r")):
            return self._number, line
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LINE_MAX)
        return self._number, None

    def put_back(self, lines: list[tuple[int, str | None]]) -> None:
        self._back.extendleft(reversed(lines))


def records(text: TextIO, delimiter: str) -> Iterator[tuple[int, Cells]]:
    """Yield each record with the number of its first line; empty lines are left out.

    `text`: opened with `newline=""`. A quote that is opened and not closed within _LINES_MAX lines makes its own line
    unreadable, and the ones behind it are records again.
    """
    lines = _Lines(text)
    while (found := lines.next()) is not None:
        number, line = found
        if line is None:
            yield number, None
        elif line.strip():
            cells = cells_of(line, delimiter)
            yield number, _over_lines(lines, line, delimiter) if cells is None else cells


def cells_of(line: str, delimiter: str) -> Cells:
    """Return the cells of one line; None when it is no whole record."""
    try:
        return [unmarked(cell) for cell in next(csv.reader((line,), delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return None


def _over_lines(lines: _Lines, first: str, delimiter: str) -> Cells:
    """Return the record that goes on in the next lines; None, and these lines are put back, when it has no end."""
    taken: list[tuple[int, str | None]] = []
    record = first
    while len(taken) < _LINES_MAX - 1 and (found := lines.next()) is not None:
        taken.append(found)
        if found[1] is None:
            break
        record += found[1]
        cells = cells_of(record, delimiter)
        if cells is not None:
            return cells
    lines.put_back(taken)
    return None


def unmarked(cell: str) -> str:
    """Return a cell without spaces around it, and without the apostrophe that keeps spreadsheets from running it."""
    text = cell.strip()
    return text[1:].strip() if text.startswith("'") and text[1:].startswith(_FORMULAS) else text
