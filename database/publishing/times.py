"""The times that are offered for an announcement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.announcements import next_slot
from core.subscriptions import Channel
from core.times import at_local
from database.operations import announcement_ops

#: what `Today 20:00` and `Tomorrow 9:00` mean, on the clock of TIMEZONE
_TONIGHT, _MORNING = time(20), time(9)


@dataclass(frozen=True, slots=True)
class Offered:
    """Times on buttons. None: there is none."""

    slot: datetime | None
    #: None: it has passed
    today: datetime | None
    tomorrow: datetime


async def offered(channels: Sequence[Channel], now: datetime, zone: ZoneInfo) -> Offered:
    """Return the times for these channels; the slot is the next free one of the first channel that has any."""
    today = now.astimezone(zone).date()
    tonight = at_local(today, _TONIGHT, zone)
    morning = at_local(today + timedelta(days=1), _MORNING, zone)
    return Offered(await _next_slot(channels, now, zone), tonight if tonight > now else None, morning)


async def _next_slot(channels: Sequence[Channel], now: datetime, zone: ZoneInfo) -> datetime | None:
    channel = with_slots(channels)
    if channel is None:
        return None
    return next_slot(channel.slots, now, await announcement_ops.find_taken(channel.chat_id, now), zone)


def with_slots(channels: Sequence[Channel]) -> Channel | None:
    """Return the first channel that has slots, by which the next one is found."""
    return next((one for one in channels if one.slots.times and one.slots.weekdays), None)
