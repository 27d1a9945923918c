"""What the team did, line by line, and as the table of a file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

#: of the file, in the order of `row`
COLUMNS = ("at", "name", "user_id", "action", "target", "before", "after")


class Line(NamedTuple):
    """One action."""

    at: datetime
    user_id: int
    action: str
    target: str | None
    before: Any
    after: Any


def row(line: Line, names: Mapping[int, str], zone: ZoneInfo) -> tuple[str | int, ...]:
    """Return a line of the file: values as they are stored, the time in the owner's zone."""
    values = ("" if value is None else str(value) for value in (line.target, line.before, line.after))
    at = line.at.astimezone(zone).isoformat(timespec="seconds")
    return (at, names.get(line.user_id, ""), line.user_id, line.action, *values)
