"""Names of sources: a channel that is gone, a broadcast."""

from datetime import datetime
from zoneinfo import ZoneInfo

from views.html import bare
from views.language import _
from views.times import short_date


def gone_channel() -> str:
    return _("a removed channel")


def gone_broadcast() -> str:
    return _("an old broadcast")


def broadcast_name(title: str, made_at: datetime, zone: ZoneInfo) -> str:
    """Return the first line of a broadcast; without a text the day it was made on."""
    if bare(title).strip():
        return title
    return _("broadcast, {day}").format(day=short_date(made_at, zone))
