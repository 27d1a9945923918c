"""What is printed: one table per figure, the goals, and how it was measured."""

import itertools
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.numbers import ratio

#: columns of a terminal that notes are wrapped to
WIDTH = 110


@dataclass(frozen=True, slots=True)
class Goal:
    """What was wanted, what came out, and whether that is enough (None: not judged)."""

    wanted: str
    got: str
    is_met: bool | None

    def line(self) -> str:
        verdict = {True: "met", False: "MISSED", None: "not judged"}[self.is_met]
        return f"  goal: {self.wanted}; got {self.got}: {verdict}"


@dataclass(slots=True)
class Figure:
    """One measured figure. `rows` are texts as printed, `numbers` the same and more for `--json`."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The whole figure as it is printed."""
        lines = [self.title, "=" * len(self.title), *table(self.columns, self.rows)]
        lines += [goal.line() for goal in self.goals]
        for note in self.notes:
            lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        goals = [{"wanted": goal.wanted, "got": goal.got, "met": goal.is_met} for goal in self.goals]
        table = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": table, "goals": goals, "notes": self.notes, "numbers": self.numbers}


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned lines, the first column to the left, numbers to the right."""
    widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    lines = []
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def each(names: Sequence[str]) -> tuple[str, ...]:
    """Two columns a store: how many in all, and per delivery."""
    return tuple(column for name in names for column in (name, f"{name}, each"))


def counted(what: str, counts: Sequence[Mapping[str, int]], deliveries: Sequence[int]) -> list[tuple[str, ...]]:
    """Rows for the columns of `each`: every name that one of the stores counted."""
    return [
        counted_row(f"{what}: {name}", [count.get(name, 0) for count in counts], deliveries)
        for name in sorted(set().union(*counts))
    ]


def counted_row(what: str, counts: Sequence[int], deliveries: Sequence[int]) -> tuple[str, ...]:
    """One of these rows."""
    cells = ((shown(count), shown(ratio(count, whole), 3)) for count, whole in zip(counts, deliveries, strict=True))
    return (what, *itertools.chain.from_iterable(cells))


def shown(value: float, digits: int = 0, unit: str = "") -> str:
    """A number for a cell; a dash when there is none."""
    return "-" if math.isnan(value) else f"{value:,.{digits}f}{unit}"
