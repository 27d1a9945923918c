"""Adding a channel to join: looked at by the user bot, given a link of its own, stored."""

from dataclasses import dataclass, replace

from aiogram import Bot
from aiogram.enums import ChatType

from admin_bot.audit import note
from admin_bot.channels.invite_links import InviteLink, InviteLinks, NoLink
from admin_bot.channels.rights import JOINABLE, Seen, look_at
from admin_bot.storage.channel import Storage
from core.clock import Clock
from core.errors import StoreRefused, StoreUnavailable
from core.subscriptions import CHANNELS_MAX, Channel, ChannelMode
from database.operations import channel_ops
from views.channels import texts
from views.storage.rights import Lack


@dataclass(frozen=True, slots=True)
class Wanted:
    """A chat to add, as far as the admin's message told of it."""

    chat_id: int
    title: str | None = None
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """The channel is one to join; `is_new` False: it was before."""

    channel: Channel
    is_new: bool


@dataclass(frozen=True, slots=True)
class Lacking:
    """The user bot cannot do there what it has to."""

    wanted: Wanted
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class NotAdded:
    """Nothing was stored; `sentence` (HTML) says why and what to do."""

    sentence: str


Outcome = Added | Lacking | NotAdded


class ChannelAdder:
    """Makes channels ones to join. Nothing is half stored: a link that is not is revoked, or kept for a second try."""

    def __init__(self, user_bot: Bot, storage: Storage, links: InviteLinks, clock: Clock) -> None:
        self._bot = user_bot
        self._storage = storage
        self._links = links
        self._clock = clock

    async def add(self, admin_id: int, wanted: Wanted) -> Outcome:
        """Add the channel behind the others, in mode join. Raises StoreUnavailable; then it may be repeated."""
        if wanted.chat_id == await self._storage.find():
            return NotAdded(texts.IS_STORAGE)
        there = await channel_ops.find(wanted.chat_id)
        if there is not None:
            return await self._there(admin_id, there)
        seen = await look_at(self._bot, wanted.chat_id)
        if seen.chat_id != wanted.chat_id:
            return await self.add(admin_id, replace(wanted, chat_id=seen.chat_id))
        refusal = await self._refusal(seen, wanted)
        if refusal is not None:
            return refusal
        try:
            link = await self._links.make(seen.chat_id, ChannelMode.JOIN)
        except NoLink as problem:
            return Lacking(_known(seen), (Lack.INVITE,)) if problem.is_right_lost else NotAdded(problem.sentence)
        return await self._store(admin_id, seen, link)

    async def _refusal(self, seen: Seen, wanted: Wanted) -> Lacking | NotAdded | None:
        if seen.kind == ChatType.GROUP:
            return NotAdded(texts.IS_BASIC_GROUP)
        if seen.kind is not None and seen.kind not in JOINABLE:
            return NotAdded(texts.IS_NO_CHANNEL)
        if seen.lacks:
            return Lacking(wanted if seen.kind is None else _known(seen), seen.lacks)
        if len(await channel_ops.load()) >= CHANNELS_MAX:
            return NotAdded(texts.FULL)
        return None

    async def _store(self, admin_id: int, seen: Seen, link: InviteLink) -> Outcome:
        channel = Channel(
            chat_id=seen.chat_id,
            title=seen.title or "",
            username=seen.username,
            invite_link=link.url,
            added_by=admin_id,
            added_at=self._clock.now(),
        )
        try:
            is_new = await channel_ops.add(channel)
        except StoreUnavailable:
            # it may stand there: revoked, the link would let nobody in
            self._links.keep(channel.chat_id, ChannelMode.JOIN, link)
            raise
        except StoreRefused:
            await self._links.revoke(channel.chat_id, link.url)
            raise
        except ValueError:
            await self._links.revoke(channel.chat_id, link.url)
            return NotAdded(texts.FULL)
        if is_new:
            return await self._noted(admin_id, channel)
        self._links.keep(channel.chat_id, ChannelMode.JOIN, link)
        return await self._there(admin_id, await channel_ops.find(channel.chat_id) or channel)

    async def _there(self, admin_id: int, channel: Channel) -> Added:
        """One that is there already; perhaps stored a moment ago, by a call whose answer was lost."""
        kept = self._links.take_kept(channel.chat_id, ChannelMode.JOIN)
        if kept is not None and kept.url == channel.invite_link:
            return await self._noted(admin_id, channel)
        if kept is not None:
            await self._links.revoke(channel.chat_id, kept.url)
        return Added(channel, is_new=False)

    async def _noted(self, admin_id: int, channel: Channel) -> Added:
        after = {"title": channel.title, "invite_link": channel.invite_link}
        await note(self._clock.now(), admin_id, "channel.added", str(channel.chat_id), None, after)
        return Added(channel, is_new=True)


def _known(seen: Seen) -> Wanted:
    return Wanted(seen.chat_id, seen.title, seen.is_group)
