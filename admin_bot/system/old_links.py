"""Old links: the channel of another bot, checked, tried with one link, turned on and off."""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner

from admin_bot.audit import note
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from core.exchange.old_links import OldMessages, parse_old_link, read_link
from core.health.incidents import old_channel_incident
from core.settings.changes import Editor
from database.operations import settings_ops
from database.operations.exchange import old_link_ops
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, classify
from views.screens import Screen
from views.system import old_links_screen as views

log = structlog.get_logger("tollgate.admin")

#: the setting
NAME = "old_links_channel"


@dataclass(frozen=True, slots=True)
class Refused:
    """What was sent or chosen cannot be used; `sentence` (HTML) says why and what to do."""

    sentence: str


class OldLinkService:
    """One per process."""

    def __init__(self, user_bot: Bot, username: str, clock: Clock, storage: StorageChannel, alerts: Alerts) -> None:
        self._alerts = alerts
        self._user_bot = user_bot
        self._username = username
        self._clock = clock
        self._storage = storage

    async def screen(self, said: str | None = None) -> Screen:
        """Return the screen as it is now."""
        channel_id = (await settings_ops.load()).old_links_channel
        if channel_id is None:
            return views.off(said)
        return views.on(await self._name(channel_id), await old_link_ops.other_count(), said)

    async def check(self, chat_id: int) -> Screen | Refused | None:
        """Look whether a channel can be the old one; None when it can, else what is missing."""
        if chat_id == await self._storage.find():
            return Refused(views.is_storage())
        if await self._reads(chat_id):
            return None
        return views.not_there(chat_id, await self._name(chat_id), self._username)

    async def ask_link(self, chat_id: int) -> Screen:
        """Return the question for one old link of the channel."""
        return views.ask_link(await self._name(chat_id))

    async def tried(self, text: str, chat_id: int) -> Screen | Refused:
        """Return what a link that was sent opens in the channel."""
        link = read_link(text)
        if link is None:
            return Refused(views.no_link(self._username))
        username, parameter = link
        if username.lower() != self._username.lower():
            return Refused(views.of_other_username(username, self._username))
        found, name = parse_old_link(parameter, chat_id), await self._name(chat_id)
        if not isinstance(found, OldMessages):
            return Refused(views.opens_nothing(name))
        return views.opens(found, chat_id, name)

    async def turn(self, editor: Editor, chat_id: int | None) -> str | None:
        """Open links of a channel, or of none; one conditional update. Return a note for the screen (HTML), or None."""
        now = self._clock.now()
        before = (await settings_ops.load()).old_links_channel
        change = await settings_ops.change_from(NAME, chat_id, expected=before, by=editor, at=now)
        if change.is_conflict:
            return views.changed_meanwhile()
        if change.is_stored:
            await note(now, editor.user_id, "setting.changed", NAME, before, chat_id)
            if before is not None and before != chat_id:
                # nobody looks at that channel any more
                await self._alerts.clear(old_channel_incident(before))
        return views.turned_off() if chat_id is None else None

    async def _name(self, chat_id: int) -> str:
        try:
            return (await self._user_bot.get_chat(chat_id)).title or str(chat_id)
        except TELEGRAM_ERRORS as error:
            log.info("channel.not_seen", reason=classify(error))
            return str(chat_id)

    async def _reads(self, chat_id: int) -> bool:
        """Return whether it is a channel the user bot is an administrator of, as Telegram says."""
        try:
            chat = await self._user_bot.get_chat(chat_id)
            member = await self._user_bot.get_chat_member(chat_id, self._user_bot.id)
        except TELEGRAM_ERRORS as error:
            log.info("channel.not_seen", reason=classify(error))
            return False
        return chat.type == ChatType.CHANNEL and isinstance(member, ChatMemberAdministrator | ChatMemberOwner)
