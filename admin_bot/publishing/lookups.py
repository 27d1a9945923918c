"""What screens of publishing read besides announcements: channels, as of at most five seconds ago."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.announcements import Announcement
from core.clock import Clock
from core.subscriptions import Channel, publishing_channels
from database.operations import channel_ops
from views.publishing.announcement_screens import Shown


class Lookups:
    """Reads what several services of publishing need."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone

    async def publishing(self) -> tuple[Channel, ...]:
        """Return the channels posts are published in."""
        return publishing_channels(await channel_ops.current(self._clock.now()))

    async def shown(self, announcements: Iterable[Announcement]) -> list[Shown]:
        """Return announcements with what their screens need."""
        now = self._clock.now()
        channels = {channel.chat_id: channel for channel in await channel_ops.current(now)}
        username = (await self._bot.me()).username or ""
        found = []
        for one in announcements:
            channel = channels.get(one.chat_id)
            name = channel.name if channel is not None else one.channel or str(one.chat_id)
            at_name = channel.username if channel is not None else None
            found.append(Shown(one, name, at_name, username, now, self._zone))
        return found

    async def show_one(self, announcement: Announcement) -> Shown:
        """Return one announcement with what its screens need."""
        return (await self.shown([announcement]))[0]
