"""Tables as CSV files that open in a spreadsheet: UTF-8 with its mark, and no cell that a spreadsheet would run."""

import codecs
import csv
import io
from collections.abc import Iterable, Sequence

#: a cell that begins so is a formula for Excel and others; the tab, since they cut it off first
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")

Cell = str | int | float | None


def to_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the file: CRLF between lines (RFC 4180), quotes where needed, an apostrophe before what looks a formula.

    Numbers stay numbers, also negative ones; None is an empty cell.
    """
    return to_csv_start(header) + b"".join(to_csv_line(row) for row in rows)


def to_csv_start(header: Sequence[str]) -> bytes:
    """Return what a file begins with: the mark of UTF-8 and the header's line."""
    return codecs.BOM_UTF8 + to_csv_line(header)


def to_csv_line(row: Sequence[Cell]) -> bytes:
    """Return one line of a file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow([_safe(cell) for cell in row])
    return text.getvalue().encode()


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell
