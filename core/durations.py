"""Parse durations as admins type them: `30m`, `12h`, `7d`, `4w`, `1d12h`."""

import re
from datetime import timedelta

from core.errors import BadInput

#: the longest duration that is accepted
LONGEST = timedelta(days=3650)
_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
#: each unit once, the larger before the smaller; more digits would exceed LONGEST anyway
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,7}}){unit})?" for unit in _UNITS), re.ASCII | re.IGNORECASE)

EXPECTED = "A duration is a number with its unit, like 30m, 12h, 7d or 4w: between 1 minute and 3650 days."


def read_duration(text: str) -> timedelta:
    """Parse `30m`, `12h`, `7d`, `4w`, or several with the larger unit first: `1w2d`. Raises BadInput."""
    found = _DURATION.fullmatch(text.strip())
    amounts = found.groupdict() if found is not None else {}
    span = sum((_UNITS[unit] * int(amount) for unit, amount in amounts.items() if amount), timedelta())
    if not timedelta() < span <= LONGEST:
        raise BadInput(EXPECTED)
    return span
