"""The tables of docs/coming-from.md, for the tests that check their right columns."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/coming-from.md"
SECTIONS = ("Words", "Commands", "Settings", "Addresses", "Fields", "Log lines", "Metrics and alerts")
_CODE = re.compile(r"`([^`]+)`")


def rows_of(section: str) -> list[list[str]]:
    """Return the cells of the section's rows, without head and rule. Raises ValueError for an unknown section."""
    _, found, text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    if not found:
        raise ValueError(f"there is no section {section!r}")
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def codes_of(cell: str) -> list[str]:
    """Return what stands between single backticks."""
    return _CODE.findall(cell)


def names_of(section: str) -> list[str]:
    """Return the first code of the right column of each row."""
    return [codes_of(row[1])[0] for row in rows_of(section)]
