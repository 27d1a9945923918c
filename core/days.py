"""Days as people count them: midnight of a zone as a UTC instant."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Midnight of the day `now` falls in, in `zone`, as aware UTC (the key of daily counts)."""
    local = now.astimezone(zone)
    return datetime.combine(local.date(), time(), tzinfo=zone).astimezone(UTC)
