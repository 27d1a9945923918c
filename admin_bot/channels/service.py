"""Channels: their screens, and every change of them."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.channels.checking import ChannelChecker, Checked
from admin_bot.channels.invite_links import InviteLinks
from admin_bot.screens import show_in_place, toast
from core.clock import Clock
from core.errors import StoreUnavailable, TollgateError
from core.subscriptions import Channel, ChannelMode
from core.supervisor import Supervisor
from database.operations import announcement_ops, channel_ops, membership_ops
from views.channels import keyboards, texts
from views.screens import Screen

log = structlog.get_logger("tollgate.admin")


def index_of(channels: Sequence[Channel], chat_id: int) -> int | None:
    """Return a channel's place in the order, from 0; None if it is not among them."""
    return next((place for place, one in enumerate(channels) if one.chat_id == chat_id), None)


class ChannelService:
    """What the buttons of the channels share."""

    def __init__(
        self,
        bot: Bot,
        links: InviteLinks,
        checker: ChannelChecker,
        clock: Clock,
        zone: ZoneInfo,
        supervisor: Supervisor,
    ) -> None:
        self._bot = bot
        self._links = links
        self._checker = checker
        self._clock = clock
        self._zone = zone
        self._supervisor = supervisor

    async def list_screen(self, page: int = 0) -> Screen:
        """Return one page of the list; the last page for a number beyond it."""
        channels = await channel_ops.load()
        page = min(page, keyboards.page_of(max(len(channels) - 1, 0)))
        return texts.channel_list(channels, page, self._zone)

    async def screen(self, channel: Channel) -> Screen:
        """Return one channel's screen; the list if the channel was removed meanwhile."""
        channels = await channel_ops.load()
        place = index_of(channels, channel.chat_id)
        if place is None:
            return await self.list_screen()
        return texts.channel_card(channels[place], place, len(channels), self._zone)

    async def show(
        self,
        query: CallbackQuery,
        channel: Channel | None,
        toast_text: str | None = None,
        *,
        problem: str | None = None,
    ) -> None:
        """Show the channel's screen in place of the pressed one; for None the list, with a toast that it is gone.

        `problem` (HTML) is shown above the screen.
        """
        if channel is None:
            await self.show_list(query, toast_text=texts.channel_gone())
            return
        screen = await self.screen(channel)
        await toast(query, toast_text)
        await show_in_place(query, self._bot, screen.with_note(problem))

    async def show_list(self, query: CallbackQuery, page: int = 0, toast_text: str | None = None) -> None:
        """Show a page of the list in place of the pressed screen."""
        screen = await self.list_screen(page)
        await toast(query, toast_text)
        await show_in_place(query, self._bot, screen)

    async def find_or_answer(self, query: CallbackQuery, chat_id: int) -> Channel | None:
        """Return the channel of a button; None if there is none, and then the list is shown."""
        channel = await channel_ops.find(chat_id)
        if channel is None:
            await self.show(query, None)
        return channel

    async def change(self, admin_id: int, before: Channel, action: str, field: str, value: Any) -> Channel | None:
        """Change one field and write it to the audit log. Returns the changed channel, None if it is gone."""
        after = await channel_ops.change(before.chat_id, **{field: value})
        if after is not None:
            await self._note(admin_id, action, before.chat_id, getattr(before, field), getattr(after, field))
        return after

    async def stop_publishing(self, admin_id: int, before: Channel) -> Channel | None:
        """Announce no more posts in the channel: what is planned there waits for a decision. None if it is gone."""
        after = await channel_ops.switch_publishing(before.chat_id, is_on=False)
        await self._hold(admin_id, before.chat_id)
        if after is not None:
            await self._note(admin_id, "channel.publishing_off", before.chat_id, before.is_published_to, False)
        return after

    async def set_mode(self, admin_id: int, before: Channel, mode: ChannelMode) -> tuple[Channel | None, bool]:
        """Do as `renew_link`, unless the channel has that mode already."""
        if before.mode is mode and not self._links.has_kept(before.chat_id, mode):
            return before, True
        return await self.renew_link(admin_id, before, mode)

    async def renew_link(self, admin_id: int, before: Channel, mode: ChannelMode) -> tuple[Channel | None, bool]:
        """Give the channel a new link of this mode and revoke the old one, where Telegram allows it.

        Of several concurrent calls one wins; the others revoke the link they made and keep the winner's. Returns the
        current channel (None: it is gone), and False if an old link could not be revoked. Raises NoLink.
        """
        chat_id = before.chat_id
        link = await self._links.make(chat_id, mode, replaces=before.invite_link)
        try:
            after = await self._store_link(before, mode, link.url)
        except StoreUnavailable:
            self._links.keep(chat_id, mode, link)
            raise
        if after is None or after.invite_link != link.url:
            await self._links.revoke(chat_id, link.url)
            return after, after is not None
        is_revoked = await self._links.revoke_replaced(chat_id, link, before.invite_link)
        await self._checker.link_works(after)
        await self._note(admin_id, "channel.link_renewed", chat_id, _link_facts(before), _link_facts(after))
        return after, is_revoked

    @staticmethod
    async def _store_link(before: Channel, mode: ChannelMode, url: str) -> Channel | None:
        """Store the link unless another call changed it since `before` was read. Returns the current channel."""
        after = await channel_ops.change_link(before.chat_id, before.invite_link, mode=mode, invite_link=url)
        # read again also for a winner: a write repeated after a lost answer meets its own link and changes nothing
        return after or await channel_ops.find(before.chat_id)

    async def move(self, admin_id: int, chat_id: int, place: int, step: int) -> Channel | None:
        """Move the channel up (-1) or down (1) if it is still at `place`. Returns the current channel.

        Writes every position that differs, so that equal positions (after a crash in between) are repaired.
        """
        channels = list(await channel_ops.load())
        here = index_of(channels, chat_id)
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

    async def check(self, channel: Channel) -> Checked:
        """Ask Telegram about a channel; see `ChannelChecker.check`."""
        return await self._checker.check(channel)

    async def remove(self, admin_id: int, channel: Channel) -> bool:
        """Remove the channel, and its memberships in the background. False if it was gone before."""
        # also of one that was removed before: a call that ended in between is repeated
        is_removed = await channel_ops.remove(channel.chat_id)
        await self._hold(admin_id, channel.chat_id)
        if not is_removed:
            return False
        before = {"title": channel.title, "invite_link": channel.invite_link, "joined_count": channel.joined_count}
        await self._note(admin_id, "channel.removed", channel.chat_id, before)
        await self._checker.forget_incidents(channel.chat_id)
        self._supervisor.spawn(self._forget_members(channel.chat_id), f"forget channel {channel.chat_id}")
        return True

    async def _hold(self, admin_id: int, chat_id: int) -> None:
        held = await announcement_ops.hold(chat_id)
        if held:
            await self._note(admin_id, "announcement.held", chat_id, None, {"announcements": held})

    async def _forget_members(self, chat_id: int) -> None:
        # a channel that was added again meanwhile keeps its memberships
        try:
            if await channel_ops.find(chat_id) is None:
                await membership_ops.delete_channel(chat_id)
        except TollgateError as error:
            log.warning("channel.not_forgotten", chat_id=chat_id, error=type(error).__name__)

    async def _note(self, admin_id: int, action: str, chat_id: int, before: Any = None, after: Any = None) -> None:
        await note(self._clock.now(), admin_id, action, str(chat_id), before, after)


def _link_facts(channel: Channel) -> dict[str, str]:
    return {"mode": channel.mode.value, "invite_link": channel.invite_link}
