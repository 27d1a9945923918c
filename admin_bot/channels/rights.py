"""The user bot's rights in a channel to join: it asks who has joined, and makes the invite link."""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner

from core.subscriptions import Channel, ChannelMode
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from views.storage.rights import Lack

log = structlog.get_logger("tollgate.admin")

#: types of chats subscribers can be asked to join
JOINABLE = frozenset({ChatType.CHANNEL, ChatType.SUPERGROUP})
_NOT_THERE = frozenset({Failure.KICKED, Failure.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class SeenChat:
    """A chat as Telegram describes it to the user bot. None: Telegram gave no answer."""

    #: differs from the requested one when a group has become a supergroup
    chat_id: int
    title: str | None = None
    username: str | None = None
    kind: str | None = None
    #: rights the user bot is missing
    lacks: tuple[Lack, ...] = ()

    @property
    def is_group(self) -> bool:
        return self.kind in (ChatType.GROUP, ChatType.SUPERGROUP)

    @property
    def is_unknown(self) -> bool:
        """Telegram gave no usable answer."""
        return Lack.UNKNOWN in self.lacks


async def inspect_chat(user_bot: Bot, chat_id: int) -> SeenChat:
    """Ask Telegram about the chat and the user bot in it; two calls. Follows a group that became a supergroup, once."""
    try:
        return await _inspect(user_bot, chat_id)
    except TelegramMigrateToChat as moved:
        chat_id = moved.migrate_to_chat_id
    try:
        return await _inspect(user_bot, chat_id)
    except TelegramMigrateToChat:
        return SeenChat(chat_id, lacks=(Lack.UNKNOWN,))


async def _inspect(user_bot: Bot, chat_id: int) -> SeenChat:
    try:
        chat = await user_bot.get_chat(chat_id)
    except TelegramMigrateToChat:
        raise
    except TELEGRAM_ERRORS as error:
        return SeenChat(chat_id, lacks=(_lack_of(error),))
    try:
        member = await user_bot.get_chat_member(chat_id, user_bot.id)
    except TelegramMigrateToChat:
        raise
    except TELEGRAM_ERRORS as error:
        return SeenChat(chat_id, chat.title, chat.username, chat.type, (_lack_of(error),))
    return SeenChat(chat_id, chat.title, chat.username, chat.type, _lacks(member))


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


def sees_members(channel: Channel, seen: SeenChat) -> bool:
    """Return whether the user bot learns who has joined. Requests are shown to those who may invite (BOTAPI §4.1)."""
    if seen.kind not in JOINABLE or Lack.NOT_THERE in seen.lacks:
        return False
    return channel.mode is ChannelMode.JOIN or Lack.INVITE not in seen.lacks
