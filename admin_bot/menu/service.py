"""The Menu's screen: at most three commands to the database, and reads that every screen shares."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from admin_bot.section_rights import STEP_RIGHTS, hidden_sections
from core.clock import Clock
from core.days import start_of_day
from core.health.troubles import OpenTrouble, TroubleKind, troubles
from core.settings.maintenance import maintenance_end
from core.statistics import Count
from core.team.admins import Role
from core.team.first_hour import Step
from core.team.rights import Right, may
from database.operations import announcement_ops, channel_ops, incident_ops, settings_ops, statistics_ops
from database.shared_read import SharedRead
from views.menu.screen import NextAnnouncement, Today, menu
from views.menu.steps import menu_steps
from views.screens import Screen

#: how long the numbers of the day are used again: going through the Menu must not count a busy day at every press
NUMBERS_FOR = timedelta(seconds=10)


class MenuService:
    """Builds the Menu."""

    def __init__(
        self,
        user_bot_username: str,
        clock: Clock,
        zone: ZoneInfo,
        open_steps: Callable[[], Awaitable[Sequence[Step]]],
    ) -> None:
        self._username = user_bot_username
        self._open_steps = open_steps
        self._clock = clock
        self._zone = zone
        self._numbers: tuple[datetime, Today] | None = None
        self._incidents: SharedRead[list[str]] = SharedRead()

    async def screen(self, role: Role) -> Screen:
        """Return the Menu as it is now, without what the role may not open."""
        now = self._clock.now()
        settings = await settings_ops.current(now)
        found = troubles(await self._incidents.get(now, incident_ops.find_open))
        return menu(
            self._username,
            await self._today(now),
            await self._next(),
            found,
            channels=await self._channels(found, now),
            now=now,
            zone=self._zone,
            steps=menu_steps(step for step in (await self._open_steps())[:1] if may(role, STEP_RIGHTS[step])),
            hidden=hidden_sections(role),
            maintenance_until=maintenance_end(settings, now),
            may_end_maintenance=may(role, Right.MAINTENANCE),
        )

    async def _next(self) -> NextAnnouncement | None:
        found, _ = await announcement_ops.find_planned(limit=1)
        return NextAnnouncement(found[0].title, found[0].channel, found[0].publish_at) if found else None

    async def _channels(self, found: list[OpenTrouble], now: datetime) -> dict[str, str]:
        if all(one.kind is not TroubleKind.CHANNEL for one in found):
            return {}
        return {str(channel.chat_id): channel.name for channel in await channel_ops.current(now)}

    async def _today(self, now: datetime) -> Today:
        kept = self._numbers
        if kept is not None and timedelta() <= now - kept[0] < NUMBERS_FOR:
            return kept[1]
        counts = await statistics_ops.read_day(start_of_day(now, self._zone))
        today = Today(counts.get(Count.NEW_USERS, 0), counts.get(Count.DELIVERED, 0))
        self._numbers = now, today
        return today
