"""The health check's look at the channel of old links: the user bot copies from it, so it must be an administrator."""

import asyncio

import structlog
from aiogram import Bot
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner

from core.health.incidents import old_channel_incident
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from views.system import old_links_alerts as views

log = structlog.get_logger("tollgate.health")

#: the bot is out of the channel, or the channel is gone; Telegram says it in each of these ways
_LOST = (Failure.KICKED, Failure.UNREACHABLE, Failure.NOT_A_MEMBER)


class OldChannelCheck:
    """Opens and closes the incident of one channel."""

    def __init__(self, user_bot: Bot, alerts: Alerts, answer_within_s: float) -> None:
        self._bot = user_bot
        self._alerts = alerts
        self._answer_within_s = answer_within_s

    async def check(self, chat_id: int) -> bool:
        """Look whether the user bot is an administrator there; False when Telegram did not tell."""
        incident = old_channel_incident(chat_id)
        try:
            async with asyncio.timeout(self._answer_within_s):
                is_there = await self._is_administrator(chat_id)
                name, username = await self._name(chat_id), (await self._bot.me()).username or ""
        except TELEGRAM_ERRORS as error:
            log.info("health.chat_not_seen", chat_id=chat_id, failure=classify(error).value)
            return False
        if is_there:
            await self._alerts.clear(incident, lambda: views.channel_back(name))
        else:
            await self._alerts.raise_once(incident, lambda: views.channel_lost(name, username))
        return True

    async def _is_administrator(self, chat_id: int) -> bool:
        try:
            member = await self._bot.get_chat_member(chat_id, self._bot.id)
        except TELEGRAM_ERRORS as error:
            if classify(error) in _LOST:
                return False
            raise
        return isinstance(member, ChatMemberAdministrator | ChatMemberOwner)

    async def _name(self, chat_id: int) -> str:
        try:
            return (await self._bot.get_chat(chat_id)).title or str(chat_id)
        except TELEGRAM_ERRORS as error:
            if classify(error) in _LOST:
                return str(chat_id)
            raise
