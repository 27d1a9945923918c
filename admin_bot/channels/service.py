"""Channels to join: their screens, and every change of them, noted."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import CallbackQuery, InlineKeyboardMarkup

from admin_bot.audit import note
from admin_bot.channels.invite_links import InviteLinks
from admin_bot.channels.rights import Seen, look_at, sees_members
from admin_bot.screens import show_under, toast
from core.clock import Clock
from core.errors import StoreUnavailable, TollgateError
from core.subscriptions import Channel, ChannelMode
from core.supervisor import Supervisor
from database.operations import channel_ops, membership_ops
from monitoring.alerts import Alerts
from views import owner_alerts
from views.channels import keyboards, texts

log = structlog.get_logger("tollgate.admin")

Screen = tuple[str, InlineKeyboardMarkup]


def place_of(channels: Sequence[Channel], chat_id: int) -> int | None:
    """Where a channel stands in the order, from 0; None when it is not among them."""
    return next((place for place, one in enumerate(channels) if one.chat_id == chat_id), None)


class ChannelService:
    """What the buttons of the channels share."""

    def __init__(
        self,
        bot: Bot,
        user_bot: Bot,
        links: InviteLinks,
        clock: Clock,
        zone: ZoneInfo,
        alerts: Alerts,
        tasks: Supervisor,
    ) -> None:
        self._bot = bot
        self._user_bot = user_bot
        self._links = links
        self._clock = clock
        self._zone = zone
        self._alerts = alerts
        self._tasks = tasks

    async def list_screen(self, page: int = 0) -> Screen:
        """One page of the list; the last one for a page beyond it."""
        channels = await channel_ops.load()
        page = min(page, keyboards.page_of(max(len(channels) - 1, 0)))
        return texts.list_screen(channels, page, keyboards.PAGE, self._zone), keyboards.channel_list(channels, page)

    async def screen(self, channel: Channel) -> Screen:
        """Everything about one channel; the list when it was removed meanwhile."""
        channels = await channel_ops.load()
        place = place_of(channels, channel.chat_id)
        if place is None:
            return await self.list_screen()
        html = texts.channel_screen(channels[place], place, len(channels), self._zone)
        return html, keyboards.channel(channels[place], place, len(channels))

    async def show(
        self, query: CallbackQuery, channel: Channel | None, said: str | None = None, *, problem: str | None = None
    ) -> None:
        """The channel's screen in place of the pressed one, or a fresh list that says it is gone.

        `said` answers the button (plain text), `problem` (HTML) stands above the screen.
        """
        if channel is None:
            await self.show_list(query, said=texts.CHANNEL_GONE)
            return
        html, keyboard = await self.screen(channel)
        await toast(query, said)
        await show_under(query, self._bot, f"{problem}\n\n{html}" if problem else html, keyboard)

    async def show_list(self, query: CallbackQuery, page: int = 0, said: str | None = None) -> None:
        html, keyboard = await self.list_screen(page)
        await toast(query, said)
        await show_under(query, self._bot, html, keyboard)

    async def found(self, query: CallbackQuery, chat_id: int) -> Channel | None:
        """The channel behind a button; None when it is none (any more), and then a fresh list is shown."""
        channel = await channel_ops.find(chat_id)
        if channel is None:
            await self.show(query, None)
        return channel

    async def change(self, admin_id: int, before: Channel, action: str, field: str, value: Any) -> Channel | None:
        """Change one field and note it; the channel as it is now, None when it is gone."""
        after = await channel_ops.change(before.chat_id, **{field: value})
        if after is not None:
            await self._note(admin_id, action, before.chat_id, getattr(before, field), getattr(after, field))
        return after

    async def set_mode(self, admin_id: int, before: Channel, mode: ChannelMode) -> tuple[Channel | None, bool]:
        """As `renew_link`, unless the channel has that mode already."""
        if before.mode is mode and not self._links.has_kept(before.chat_id, mode):
            return before, True
        return await self.renew_link(admin_id, before, mode)

    async def renew_link(self, admin_id: int, before: Channel, mode: ChannelMode) -> tuple[Channel | None, bool]:
        """Give the channel a new link of this mode and revoke the old one, as far as Telegram lets us.

        Of several at once one wins; the others revoke the link they made, and the winner's stands. Returns the
        channel as it is now (None: it is gone), and False when an old link could not be revoked. Raises NoLink.
        """
        chat_id = before.chat_id
        link = await self._links.make(chat_id, mode, replaces=before.invite_link)
        try:
            after = await self._put(before, mode, link.url)
        except StoreUnavailable:
            self._links.keep(chat_id, mode, link)
            raise
        if after is None or after.invite_link != link.url:
            await self._links.revoke(chat_id, link.url)
            return after, after is not None
        is_revoked = await self._links.revoke_replaced(chat_id, link, before.invite_link)
        await self._note(admin_id, "channel.link_renewed", chat_id, _link_facts(before), _link_facts(after))
        return after, is_revoked

    @staticmethod
    async def _put(before: Channel, mode: ChannelMode, url: str) -> Channel | None:
        """The channel as it is now: with this link, or with one somebody else gave it since `before` was read."""
        after = await channel_ops.change_link(before.chat_id, before.invite_link, mode=mode, invite_link=url)
        # not only the loser reads again: a write that was repeated after a lost answer finds its own link
        return after or await channel_ops.find(before.chat_id)

    async def move(self, admin_id: int, chat_id: int, place: int, step: int) -> Channel | None:
        """Put the channel one further up (-1) or down (1), if it still stands at `place`; the channel as it is now.

        The whole order is written anew where it differs: two at the same position (a crash in between) are put right.
        """
        channels = list(await channel_ops.load())
        here = place_of(channels, chat_id)
        if here is None:
            return None
        there = here + step
        if here != place or not 0 <= there < len(channels):
            return channels[here]
        channels[here], channels[there] = channels[there], channels[here]
        for position, channel in enumerate(channels):
            if channel.position != position:
                await channel_ops.change(channel.chat_id, position=position)
        await self._note(admin_id, "channel.moved", chat_id, here, there)
        return channels[there]

    async def check(self, channel: Channel) -> tuple[Channel | None, Seen]:
        """Ask Telegram what the user bot can do there; heals the channel or marks it broken, and tells the owners.

        Returns the channel as it is now (None: it is gone), and what was seen. Telegram's silence changes nothing.
        """
        seen = await look_at(self._user_bot, channel.chat_id)
        if seen.chat_id != channel.chat_id:
            await channel_ops.move_to(channel.chat_id, seen.chat_id)
        if seen.is_silence:
            return await channel_ops.find(seen.chat_id), seen
        if seen.title and (seen.title, seen.username) != (channel.title, channel.username):
            await channel_ops.change(seen.chat_id, title=seen.title, username=seen.username)
        if not sees_members(channel, seen):
            if await channel_ops.mark_broken(seen.chat_id, self._clock.now()):
                await self._alerts.tell(owner_alerts.channel_broken(channel))
        elif await channel_ops.mark_working(seen.chat_id):
            await self._alerts.tell(owner_alerts.channel_works(channel))
        return await channel_ops.find(seen.chat_id), seen

    async def remove(self, admin_id: int, channel: Channel) -> bool:
        """Ask for it no more, and forget who has joined; False when it was gone before."""
        if not await channel_ops.remove(channel.chat_id):
            return False
        before = {"title": channel.title, "invite_link": channel.invite_link, "joined_count": channel.joined_count}
        await self._note(admin_id, "channel.removed", channel.chat_id, before)
        self._tasks.spawn(self._forget_people(channel.chat_id), f"forget channel {channel.chat_id}")
        return True

    async def _forget_people(self, chat_id: int) -> None:
        # added again in the meantime, it is asked for with what is known
        try:
            if await channel_ops.find(chat_id) is None:
                await membership_ops.delete_channel(chat_id)
        except TollgateError as error:
            log.warning("channel.not_forgotten", chat_id=chat_id, error=type(error).__name__)

    async def _note(self, admin_id: int, action: str, chat_id: int, before: Any = None, after: Any = None) -> None:
        await note(self._clock.now(), admin_id, action, str(chat_id), before, after)


def _link_facts(channel: Channel) -> dict[str, str]:
    return {"mode": channel.mode.value, "invite_link": channel.invite_link}
