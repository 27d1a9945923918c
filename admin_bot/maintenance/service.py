"""Maintenance: read, started and ended."""

from datetime import datetime
from zoneinfo import ZoneInfo

from admin_bot.audit import note
from core.clock import Clock
from core.settings.changes import Editor
from core.settings.maintenance import OFFERED, end_after, is_possible_end, maintenance_end, read_end
from database.operations import settings_ops
from views.maintenance import screens
from views.screens import Screen

#: the setting
NAME = "maintenance_until"


class MaintenanceService:
    """One per process."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone

    async def screen(self, said: str | None = None) -> Screen:
        """Return the screen as it is now."""
        now = self._clock.now()
        until = maintenance_end(await settings_ops.current(now), now)
        offered = [end_after(span, now) for span in OFFERED]
        return screens.maintenance_screen(until, offered, self._zone, said)

    def question(self, until: datetime) -> Screen | None:
        """Return the question before it begins; None for an end that is over or too far."""
        return screens.confirm(until, self._zone) if is_possible_end(until, self._clock.now()) else None

    def typed(self, text: str) -> Screen | None:
        """Return the question before a maintenance with a typed end begins; None when it is no such end."""
        until = read_end(text, self._clock.now(), self._zone)
        return None if until is None else screens.confirm(until, self._zone)

    async def set_end(self, editor: Editor, until: datetime | None) -> bool:
        """Begin it, move its end, or end it with None; False for an end that is over, too far or stands already.

        One conditional update.
        """
        now = self._clock.now()
        if until is not None and not is_possible_end(until, now):
            return False
        before = (await settings_ops.load()).maintenance_until
        if before == until:
            return False
        change = await settings_ops.change_from(NAME, until, expected=before, by=editor, at=now)
        if change.is_stored:
            await note(now, editor.user_id, "setting.changed", NAME, before, until)
        return change.is_stored
