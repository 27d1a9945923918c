"""Reading what an admin types, where several subjects read the same."""

import re

_TIME = re.compile(
    r"(?:(?P<hours>[0-9]{1,3})\s*(?:h|hour|hours))?\s*(?:(?P<minutes>[0-9]{1,5})\s*(?:m|min|minute|minutes)?)?",
    re.ASCII,
)


def read_minutes_or_never(text: str) -> int | None:
    """Read `45`, `2h`, `1h 30m`, `never` as minutes without a limit; 0 for never, None for other texts."""
    typed = text.strip().lower()
    if typed in {"never", "0"}:
        return 0
    found = _TIME.fullmatch(typed)
    minutes = int(found["hours"] or 0) * 60 + int(found["minutes"] or 0) if found is not None else 0
    # "0h" does not mean never
    return minutes or None
