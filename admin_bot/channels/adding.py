"""Adding a channel to join: the user bot's rights are checked, an invite link is made, the channel is stored."""

from dataclasses import dataclass, replace

from aiogram import Bot
from aiogram.enums import ChatType

from admin_bot.audit import note
from admin_bot.channels.invite_links import InviteLink, InviteLinks, NoLink
from admin_bot.channels.rights import JOINABLE, SeenChat, inspect_chat
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from core.errors import StoreRefused, StoreUnavailable
from core.subscriptions import CHANNELS_MAX, Channel, ChannelMode
from database.operations import channel_ops
from views.channels import texts
from views.storage.rights import Lack


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chat to add, as the admin's message names it."""

    chat_id: int
    title: str | None = None
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """The channel is one to join. `is_new` False: it was one before."""

    channel: Channel
    is_new: bool


@dataclass(frozen=True, slots=True)
class RightsMissing:
    """The user bot lacks rights it needs there."""

    candidate: Candidate
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class NotAdded:
    """Nothing was stored; `sentence` (HTML) says why and what to do."""

    sentence: str


Outcome = Added | RightsMissing | NotAdded


class ChannelAdder:
    """Adds channels to join. A link that was not stored is revoked, or kept for a retry."""

    def __init__(self, user_bot: Bot, storage: StorageChannel, links: InviteLinks, clock: Clock) -> None:
        self._bot = user_bot
        self._storage = storage
        self._links = links
        self._clock = clock

    async def add(self, admin_id: int, candidate: Candidate) -> Outcome:
        """Add the channel after the others, in mode join. Raises StoreUnavailable; then it may be repeated."""
        if candidate.chat_id == await self._storage.find():
            return NotAdded(texts.is_storage())
        existing = await channel_ops.find(candidate.chat_id)
        if existing is not None and existing.invite_link:
            return await self._already_added(admin_id, existing)
        seen = await inspect_chat(self._bot, candidate.chat_id)
        if seen.chat_id != candidate.chat_id:
            return await self.add(admin_id, replace(candidate, chat_id=seen.chat_id))
        refusal = await self._refusal(seen, candidate)
        if refusal is not None:
            return refusal
        try:
            link = await self._links.make(seen.chat_id, ChannelMode.JOIN)
        except NoLink as problem:
            return (
                RightsMissing(_as_candidate(seen), (Lack.INVITE,))
                if problem.is_right_lost
                else NotAdded(problem.sentence)
            )
        return await self._store(admin_id, seen, link)

    async def _refusal(self, seen: SeenChat, candidate: Candidate) -> RightsMissing | NotAdded | None:
        if seen.kind == ChatType.GROUP:
            return NotAdded(texts.is_basic_group())
        if seen.kind is not None and seen.kind not in JOINABLE:
            return NotAdded(texts.is_no_channel())
        if seen.lacks:
            return RightsMissing(candidate if seen.kind is None else _as_candidate(seen), seen.lacks)
        if len(await channel_ops.load()) >= CHANNELS_MAX:
            return NotAdded(texts.full())
        return None

    async def _store(self, admin_id: int, seen: SeenChat, link: InviteLink) -> Outcome:
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
            # the channel may be stored: its link must not be revoked
            self._links.keep(channel.chat_id, ChannelMode.JOIN, link)
            raise
        except StoreRefused:
            await self._links.revoke(channel.chat_id, link.url)
            raise
        except ValueError:
            await self._links.revoke(channel.chat_id, link.url)
            return NotAdded(texts.full())
        if is_new:
            return await self._note_added(admin_id, channel)
        self._links.keep(channel.chat_id, ChannelMode.JOIN, link)
        return await self._already_added(admin_id, await channel_ops.find(channel.chat_id) or channel)

    async def _already_added(self, admin_id: int, channel: Channel) -> Added:
        """Return the channel that exists; perhaps a call whose answer was lost stored it a moment ago."""
        kept = self._links.pop_kept(channel.chat_id, ChannelMode.JOIN)
        if kept is not None and kept.url == channel.invite_link:
            return await self._note_added(admin_id, channel)
        if kept is not None:
            await self._links.revoke(channel.chat_id, kept.url)
        return Added(channel, is_new=False)

    async def _note_added(self, admin_id: int, channel: Channel) -> Added:
        after = {"title": channel.title, "invite_link": channel.invite_link}
        await note(self._clock.now(), admin_id, "channel.added", str(channel.chat_id), None, after)
        return Added(channel, is_new=True)


def _as_candidate(seen: SeenChat) -> Candidate:
    return Candidate(seen.chat_id, seen.title, seen.is_group)
