"""The schedule: what needs a person first, then what is planned."""

from zoneinfo import ZoneInfo

from admin_bot.publishing.lookups import Lookups
from core.announcements import Announcement
from core.clock import Clock
from database.operations import announcement_ops
from views.publishing.schedule_screens import SCHEDULE_PAGE, schedule_screen
from views.screens import Screen

#: announcements that need a person and are listed; more follow when these are decided
TROUBLED_MAX = 60


class ScheduleService:
    """Builds the schedule. At most three commands a page: troubled, planned, channels."""

    def __init__(self, lookups: Lookups, clock: Clock, zone: ZoneInfo) -> None:
        self._lookups = lookups
        self._clock = clock
        self._zone = zone

    async def screen(self, page: int) -> Screen:
        """Return a page of the schedule, from 0."""
        troubled = await announcement_ops.find_troubled(TROUBLED_MAX)
        first = page * SCHEDULE_PAGE
        entries = troubled[first : first + SCHEDULE_PAGE]
        more: list[Announcement] = []
        # read even when the page is full: whether anything follows
        free = SCHEDULE_PAGE - len(entries)
        more, has_more = await announcement_ops.find_planned(skip=max(0, first - len(troubled)), limit=max(free, 1))
        is_full = free == 0
        return schedule_screen(
            entries if is_full else [*entries, *more],
            await self._lookups.publishing(),
            page=page,
            has_more=bool(more) or len(troubled) > first + SCHEDULE_PAGE if is_full else has_more,
            troubled=len(troubled),
            now=self._clock.now(),
            zone=self._zone,
        )
