"""Connecting a channel to publish in: the admin bot's rights are checked, then it is stored."""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner

from admin_bot.audit import note
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from core.subscriptions import Channel, publishing_channels
from database.operations import channel_ops
from sender.failures import TELEGRAM_ERRORS, classify
from sender.profiles import BotProfile, Text
from sender.refusals import Failure
from views.publishing import result_screens as texts
from views.subscribers.profile_texts import abouts

log = structlog.get_logger("tollgate.admin")

_NOT_THERE = frozenset({Failure.KICKED, Failure.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Connected:
    """Posts can be published in the channel."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class RightsMissing:
    """The admin bot may not post, edit or delete there."""

    chat_id: int
    title: str


@dataclass(frozen=True, slots=True)
class NotConnected:
    """Nothing was stored; `sentence` (HTML) says why and what to do."""

    sentence: str


Outcome = Connected | RightsMissing | NotConnected


class ChannelConnector:
    """Connects channels. Asks Telegram with two calls; `user_profile` then names the first channel in its about."""

    def __init__(self, bot: Bot, storage: StorageChannel, user_profile: BotProfile, clock: Clock) -> None:
        self._user_profile = user_profile
        self._bot = bot
        self._storage = storage
        self._clock = clock

    async def connect(self, admin_id: int, chat_id: int, title: str | None = None) -> Outcome:
        """Have posts published in a channel, if the admin bot has the rights for it. May be repeated."""
        if chat_id == await self._storage.find():
            return NotConnected(texts.is_storage())
        try:
            chat = await self._bot.get_chat(chat_id)
            member = await self._bot.get_chat_member(chat_id, self._bot.id)
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            log.info("channel.not_seen", chat_id=chat_id, reason=failure)
            if failure in _NOT_THERE:
                return RightsMissing(chat_id, title or texts.this_channel())
            return NotConnected(texts.check_unsure())
        if chat.type != ChatType.CHANNEL:
            return NotConnected(texts.not_a_channel())
        name = chat.title or title or str(chat_id)
        if not may_publish(member):
            return RightsMissing(chat_id, name)
        return await self._store(admin_id, chat_id, name, chat.username)

    async def _store(self, admin_id: int, chat_id: int, title: str, username: str | None) -> Outcome:
        now = self._clock.now()
        try:
            channel = await channel_ops.connect(
                chat_id, title=title, username=username, added_by=admin_id, added_at=now
            )
        except ValueError:
            return NotConnected(texts.connect_full())
        await note(now, admin_id, "channel.connected", str(chat_id), None, {"title": title})
        first = next(iter(publishing_channels(await channel_ops.current(now))), channel)
        await self._user_profile.describe_in_each(Text.ABOUT, abouts(first.title or title))
        return Connected(channel)


def may_publish(member: object) -> bool:
    """Return whether a member of a channel may post, edit and delete there."""
    if isinstance(member, ChatMemberOwner):
        return True
    return isinstance(member, ChatMemberAdministrator) and bool(
        member.can_post_messages and member.can_edit_messages and member.can_delete_messages
    )
