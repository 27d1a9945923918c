"""When broadcasts wait although they are due."""

from datetime import datetime

from core.settings.maintenance import maintenance_end
from database.operations import settings_ops


async def waits(now: datetime) -> bool:
    """Return whether maintenance is on, as of at most 5 seconds ago: anyone who presses a button would get nothing."""
    return maintenance_end(await settings_ops.current(now), now) is not None
