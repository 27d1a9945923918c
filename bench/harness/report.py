"""A figure as it is printed and as it is written to JSON."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: columns of a terminal that notes are wrapped to
WIDTH = 110

Cell = str | float
Row = tuple[Cell, ...]


@dataclass(slots=True)
class Figure:
    """One table with notes on how it was measured."""

    title: str
    #: digits after the point of a column's numbers, by the column's name
    columns: Mapping[str, int]
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        lines = [self.title, "=" * len(self.title)]
        lines += table(list(self.columns), [self._shown(row) for row in self.rows])
        for note in self.notes:
            lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Return the unrounded values of each row by column; None where there is no number."""
        rows = [dict(zip(self.columns, map(_known, row), strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": self.notes}

    def _shown(self, row: Row) -> list[str]:
        return [shown(cell, digits) for cell, digits in zip(row, self.columns.values(), strict=True)]


def not_measured(title: str, why: str) -> Figure:
    """Make a figure without rows that says why."""
    return Figure(title, {"not measured": 0}, notes=[why])


def shown(cell: Cell, digits: int) -> str:
    """Format a cell: text as it is, a number with its digits, a dash for NaN."""
    if isinstance(cell, str):
        return cell
    return "-" if math.isnan(cell) else f"{cell:,.{digits}f}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align the columns: the first column to the left, all others to the right."""
    widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    lines = []
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _known(cell: Cell) -> Cell | None:
    return None if isinstance(cell, float) and math.isnan(cell) else cell
