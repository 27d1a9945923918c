"""The storage channel: its id, and both bots' rights in it."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberAdministrator, ChatMemberMember, ChatMemberOwner

from core.clock import Clock
from core.errors import NotReady
from database.operations import settings_ops
from sender.failures import TELEGRAM_ERRORS
from views.storage.rights import Lack
from views.storage.texts import no_storage

Member = object


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights each bot is missing in a channel."""

    admin_bot: tuple[Lack, ...]
    user_bot: tuple[Lack, ...]

    @property
    def are_complete(self) -> bool:
        """Whether neither bot misses a right."""
        return not self.admin_bot and not self.user_bot


def lacks_of_admin_bot(member: Member) -> tuple[Lack, ...]:
    """Return what the admin bot is missing: it posts there, and deletes what it replaces."""
    if isinstance(member, ChatMemberOwner):
        return ()
    if not isinstance(member, ChatMemberAdministrator):
        return (Lack.NOT_THERE,)
    wanted: Iterable[tuple[bool | None, Lack]] = (
        (member.can_post_messages, Lack.POST),
        (member.can_delete_messages, Lack.DELETE),
    )
    return tuple(lack for has_it, lack in wanted if not has_it)


def lacks_of_user_bot(member: Member) -> tuple[Lack, ...]:
    """Return what the user bot is missing: it only reads there."""
    reads = isinstance(member, ChatMemberOwner | ChatMemberAdministrator | ChatMemberMember)
    return () if reads else (Lack.NOT_THERE,)


async def _member(bot: Bot, chat_id: int) -> Member | Lack:
    """Return the bot as a member of the channel; a Lack if Telegram does not show it."""
    try:
        return await bot.get_chat_member(chat_id, bot.id)
    except (TelegramBadRequest, TelegramForbiddenError):
        # "member list is inaccessible", "chat not found", "bot is not a member": all mean it is not in
        return Lack.NOT_THERE
    except TELEGRAM_ERRORS:
        return Lack.UNKNOWN


class StorageChannel:
    """Which channel holds the content: the one chosen by an admin, else the configured one."""

    def __init__(self, configured: int | None, clock: Clock, unmetered_chats: set[int]) -> None:
        #: STORAGE_CHANNEL_ID, used while no channel is chosen
        self.configured = configured
        self._clock = clock
        #: read by the admin bot's limiter: the limit of 20 messages a minute is for groups, not for this channel
        self._unmetered_chats = unmetered_chats

    async def find(self) -> int | None:
        """Return the channel's id; None if there is none yet."""
        settings = await settings_ops.current(self._clock.now())
        return settings.storage_channel_id or self.configured

    async def require(self) -> int:
        """Return the channel's id. Raises NotReady, which says what to do."""
        chat_id = await self.find()
        if chat_id is None:
            raise NotReady(no_storage())
        self._unmetered_chats.add(chat_id)
        return chat_id

    async def missing_rights(self, chat_id: int, admin_bot: Bot, user_bot: Bot) -> Rights:
        """Ask Telegram for each bot's rights in the channel; two calls. Lack.UNKNOWN: it did not answer."""
        admin_member = await _member(admin_bot, chat_id)
        user_member = await _member(user_bot, chat_id)
        return Rights(
            (admin_member,) if isinstance(admin_member, Lack) else lacks_of_admin_bot(admin_member),
            (user_member,) if isinstance(user_member, Lack) else lacks_of_user_bot(user_member),
        )


@dataclass(frozen=True, slots=True)
class Description:
    """What Telegram says of a channel to anyone in it."""

    title: str
    #: saving is restricted there, so that Telegram may refuse to copy its messages
    is_restricted: bool = False
    #: its public name: anyone can read such a channel
    username: str | None = None


async def describe(bot: Bot, chat_id: int) -> Description:
    """Return the channel's description; its id as the title if Telegram does not answer."""
    try:
        chat = await bot.get_chat(chat_id)
    except TELEGRAM_ERRORS:
        return Description(str(chat_id))
    return Description(chat.title or str(chat_id), bool(chat.has_protected_content), chat.username)
