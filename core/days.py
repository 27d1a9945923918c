"""Calendar days of a time zone: their midnight as a UTC instant."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the midnight that began the day of `now` in `zone`, as aware UTC (the key of daily counts)."""
    local = now.astimezone(zone)
    return datetime.combine(local.date(), time(), tzinfo=zone).astimezone(UTC)
