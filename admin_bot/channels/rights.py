"""What the user bot sees of a channel, and what it may do there: it asks who has joined, and makes the invite link."""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner

from core.subscriptions import Channel, ChannelMode
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from views.storage.rights import Lack

log = structlog.get_logger("tollgate.admin")

#: kinds of chats one can be asked to join
JOINABLE = frozenset({ChatType.CHANNEL, ChatType.SUPERGROUP})
_NOT_THERE = frozenset({Failure.KICKED, Failure.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Seen:
    """A chat as the user bot sees it. What Telegram did not tell is None."""

    #: another one than was asked for when a group has become a supergroup
    chat_id: int
    title: str | None = None
    username: str | None = None
    kind: str | None = None
    #: empty is fine
    lacks: tuple[Lack, ...] = ()

    @property
    def is_group(self) -> bool:
        return self.kind in (ChatType.GROUP, ChatType.SUPERGROUP)

    @property
    def is_silence(self) -> bool:
        """Telegram gave no usable answer."""
        return Lack.UNKNOWN in self.lacks


async def look_at(user_bot: Bot, chat_id: int) -> Seen:
    """Ask Telegram about the chat and about the bot in it; two calls. A group that moved is followed, once."""
    try:
        return await _look(user_bot, chat_id)
    except TelegramMigrateToChat as moved:
        chat_id = moved.migrate_to_chat_id
    try:
        return await _look(user_bot, chat_id)
    except TelegramMigrateToChat:
        return Seen(chat_id, lacks=(Lack.UNKNOWN,))


async def _look(user_bot: Bot, chat_id: int) -> Seen:
    try:
        chat = await user_bot.get_chat(chat_id)
    except TelegramMigrateToChat:
        raise
    except TELEGRAM_ERRORS as error:
        return Seen(chat_id, lacks=(_lack_of(error),))
    try:
        member = await user_bot.get_chat_member(chat_id, user_bot.id)
    except TelegramMigrateToChat:
        raise
    except TELEGRAM_ERRORS as error:
        return Seen(chat_id, chat.title, chat.username, chat.type, (_lack_of(error),))
    return Seen(chat_id, chat.title, chat.username, chat.type, _lacks(member))


def _lacks(member: object) -> tuple[Lack, ...]:
    if isinstance(member, ChatMemberOwner):
        return ()
    if not isinstance(member, ChatMemberAdministrator):
        return (Lack.NOT_THERE,)
    return () if member.can_invite_users else (Lack.INVITE,)


def _lack_of(error: BaseException) -> Lack:
    failure = classify(error)
    log.info("channel.not_seen", reason=failure)
    return Lack.NOT_THERE if failure in _NOT_THERE else Lack.UNKNOWN


def sees_members(channel: Channel, seen: Seen) -> bool:
    """Administrators see the members; requests to join are shown to those who may invite (BOTAPI §4.1)."""
    if seen.kind not in JOINABLE or Lack.NOT_THERE in seen.lacks:
        return False
    return channel.mode is ChannelMode.JOIN or Lack.INVITE not in seen.lacks
