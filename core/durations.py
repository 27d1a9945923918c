"""Durations as people type them: `30m`, `12h`, `7d`, `4w`, `1d12h`."""

import re
from datetime import timedelta

from core.errors import BadInput

#: the longest duration that is taken; far more than a bot lives
LONGEST = timedelta(days=3650)
_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
#: each unit once, the larger before the smaller; digits beyond these are too long anyway
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,7}}){unit})?" for unit in _UNITS), re.ASCII | re.IGNORECASE)

EXPECTED = "A duration is a number with its unit, like 30m, 12h, 7d or 4w: between 1 minute and 3650 days."


def read_duration(text: str) -> timedelta:
    """`30m`, `12h`, `7d`, `4w` or several of them in this order: `1w2d`. Raises BadInput for anything else."""
    found = _DURATION.fullmatch(text.strip())
    amounts = found.groupdict() if found is not None else {}
    span = sum((_UNITS[unit] * int(amount) for unit, amount in amounts.items() if amount), timedelta())
    if not timedelta() < span <= LONGEST:
        raise BadInput(EXPECTED)
    return span
