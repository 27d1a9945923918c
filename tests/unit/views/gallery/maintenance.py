"""Maintenance: off, on, begun, and the question before it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.settings.maintenance import OFFERED, end_after
from views.maintenance import screens

_NOW = datetime(2026, 11, 30, 9, 2, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_ENDS = [end_after(span, _NOW) for span in OFFERED]

SCREENS = {
    "off": screens.maintenance_screen(None, _ENDS, _ZONE),
    "on": screens.maintenance_screen(_NOW + timedelta(hours=9), _ENDS, _ZONE),
    "ended": screens.maintenance_screen(None, _ENDS, _ZONE, screens.ended()),
    "typed": screens.ask_end(),
    "asked": screens.confirm(_ENDS[-1], _ZONE),
}
