"""What subscribers read during maintenance."""

from datetime import datetime
from zoneinfo import ZoneInfo

from views.language import gettext as _
from views.times import clock_time


def back_at(until: datetime, zone: ZoneInfo) -> str:
    """Answer a subscriber by a message. HTML."""
    return _("Back at {time}.").format(time=clock_time(until, zone))


def back_at_plain(until: datetime, zone: ZoneInfo) -> str:
    """Answer a subscriber by a toast, which has no time zone of its own."""
    return _("Back at {time}.").format(time=f"{until.astimezone(zone):%H:%M} ({zone.key})")
