"""“Check”: what the user bot may do in a channel and whether its link works; stored, and the owners alerted."""

from dataclasses import dataclass
from functools import partial

from aiogram import Bot

from admin_bot.channels.rights import SeenChat, inspect_chat, sees_members
from core.clock import Clock
from core.health.incidents import channel_incident, channel_refusal_incident, incidents_of_channel, invite_link_incident
from core.subscriptions import Channel
from database.operations import channel_ops
from monitoring.alerts import Alerts
from sender.invite_links import LinkState, ask_link_state
from views import owner_alerts


@dataclass(frozen=True, slots=True)
class Checked:
    """What Telegram answered about a channel."""

    #: as it is stored now; None: it was removed meanwhile
    channel: Channel | None
    seen: SeenChat
    link: LinkState = LinkState.UNKNOWN


class ChannelChecker:
    """Checks channels. No answer from Telegram changes nothing."""

    def __init__(self, user_bot: Bot, clock: Clock, alerts: Alerts) -> None:
        self._user_bot = user_bot
        self._clock = clock
        self._alerts = alerts

    async def check(self, channel: Channel) -> Checked:
        """Ask Telegram with three calls; mark the channel as working or broken, and alert the owners."""
        seen = await inspect_chat(self._user_bot, channel.chat_id)
        if seen.chat_id != channel.chat_id and await channel_ops.move_to(channel.chat_id, seen.chat_id):
            await self.forget_incidents(channel.chat_id)
        if seen.is_unknown:
            return Checked(await channel_ops.find(seen.chat_id), seen)
        if seen.title and (seen.title, seen.username) != (channel.title, channel.username):
            await channel_ops.change(seen.chat_id, title=seen.title, username=seen.username)
        await self._follow_members(channel, seen)
        current = await channel_ops.find(seen.chat_id)
        if current is None or seen.lacks:
            return Checked(current, seen)
        return Checked(current, seen, await self._follow_link(current))

    async def _follow_members(self, channel: Channel, seen: SeenChat) -> None:
        incident = channel_incident(seen.chat_id)
        if not sees_members(channel, seen):
            await channel_ops.mark_broken(seen.chat_id, self._clock.now())
            await self._alerts.raise_once(incident, partial(owner_alerts.channel_broken, channel))
            return
        await channel_ops.mark_working(seen.chat_id)
        await self._alerts.clear(incident, partial(owner_alerts.channel_works, channel))
        await self._alerts.clear(channel_refusal_incident(seen.chat_id))

    async def _follow_link(self, channel: Channel) -> LinkState:
        link = await ask_link_state(self._user_bot, channel)
        if link is LinkState.GONE:
            incident = invite_link_incident(channel.chat_id)
            await self._alerts.raise_once(incident, partial(owner_alerts.invite_link_broken, channel))
        elif link is LinkState.WORKS:
            await self.link_works(channel)
        return link

    async def link_works(self, channel: Channel) -> None:
        """End the incident of its link: it works, or there is a new one."""
        await self._alerts.clear(
            invite_link_incident(channel.chat_id), partial(owner_alerts.invite_link_works, channel)
        )

    async def forget_incidents(self, chat_id: int) -> None:
        """End every incident of a channel that is no longer one to join, without an alert."""
        for incident in incidents_of_channel(chat_id):
            await self._alerts.clear(incident)
