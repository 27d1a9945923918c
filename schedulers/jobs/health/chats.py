"""The health check's look at chats: the storage channel, that of old links, the connected ones; each once a day."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from aiogram import Bot
from aiogram.types import ChatFullInfo

from core.health.incidents import (
    channel_incident,
    channel_refusal_incident,
    invite_link_incident,
    restricted_storage_incident,
)
from core.subscriptions import Channel
from database.operations import channel_ops, settings_ops
from monitoring.alerts import Alerts
from schedulers.jobs.health.old_channel import OldChannelCheck
from sender.failures import TELEGRAM_ERRORS, classify
from sender.invite_links import LinkState, ask_link_state
from views import owner_alerts

log = structlog.get_logger("tollgate.health")

#: less than a day: the time of the day at which a chat is checked moves, and no day is left out
CHECK_EVERY = timedelta(hours=20)
#: after a check to which Telegram gave no answer
AGAIN_AFTER = timedelta(hours=1)
#: seconds Telegram has for an answer
ANSWER_WITHIN_S = 5.0

#: when each chat is due next, by its id as text
NextChecks = Mapping[str, datetime]


class ChatChecks:
    """Checks at most one chat a call, so that fifty channels make no rush of calls. Opens and closes its incidents."""

    def __init__(self, user_bot: Bot, admin_bot: Bot, alerts: Alerts, configured_storage_id: int | None) -> None:
        """`configured_storage_id`: the storage channel while no other is chosen."""
        self._bot = user_bot
        self._admin_bot = admin_bot
        self._alerts = alerts
        self._configured_storage_id = configured_storage_id
        self._old_channel = OldChannelCheck(user_bot, alerts, ANSWER_WITHIN_S)

    async def check_next(self, next_at: NextChecks, now: datetime) -> dict[str, datetime]:
        """Check the chat that has been due for longest, if one is; return when each is due then.

        `next_at`: from the call before; chats that are no longer used are left out. Raises StoreUnavailable.
        """
        checks = await self._checks(now)
        due = {chat: min(next_at.get(chat, now), now + CHECK_EVERY) for chat in checks}
        chat = min(due, key=lambda one: due[one], default=None)
        if chat is not None and due[chat] <= now:
            due[chat] = now + (CHECK_EVERY if await checks[chat]() else AGAIN_AFTER)
        return due

    async def _checks(self, now: datetime) -> dict[str, Callable[[], Awaitable[bool]]]:
        """Return the check of each chat in use, by its id as text, or what is looked at there and its id."""
        checks: dict[str, Callable[[], Awaitable[bool]]] = {}
        settings = await settings_ops.current(now)
        storage_id, old_id = settings.storage_channel_id or self._configured_storage_id, settings.old_links_channel
        if storage_id is not None:
            checks[str(storage_id)] = lambda: self._check_storage(storage_id)
        if old_id is not None:
            # it may be one that subscribers have to join as well
            checks[f"old links {old_id}"] = partial(self._old_channel.check, old_id)
        for channel in await channel_ops.load():
            # the user bot need not be in a channel that was only ever announced in
            check = self._check_channel if channel.is_watched else self._check_announced_in
            checks[str(channel.chat_id)] = partial(check, channel)
        return checks

    async def _check_storage(self, chat_id: int) -> bool:
        chat = await self._ask(self._bot, chat_id)
        if chat is None:
            return False
        incident = restricted_storage_incident(chat_id)
        if chat.has_protected_content:
            await self._alerts.raise_once(incident, owner_alerts.storage_restricted)
        else:
            await self._alerts.clear(incident, owner_alerts.storage_unrestricted)
        return True

    async def _check_announced_in(self, channel: Channel) -> bool:
        return await self._renew_title(self._admin_bot, channel)

    async def _renew_title(self, bot: Bot, channel: Channel) -> bool:
        """Store a new title or @name; False when Telegram did not tell."""
        chat = await self._ask(bot, channel.chat_id)
        if chat is None:
            return False
        if chat.title and (chat.title, chat.username) != (channel.title, channel.username):
            await channel_ops.change(channel.chat_id, title=chat.title, username=chat.username)
        return True

    async def _check_channel(self, channel: Channel) -> bool:
        if not await self._renew_title(self._bot, channel):
            return False
        if channel.broken_since is None:
            # an all-clear that reached nobody is sent again here
            await self._alerts.clear(channel_incident(channel.chat_id), partial(owner_alerts.channel_works, channel))
            await self._alerts.clear(channel_refusal_incident(channel.chat_id))
        return channel.is_paused or not channel.is_required or await self._check_link(channel)

    async def _check_link(self, channel: Channel) -> bool:
        incident = invite_link_incident(channel.chat_id)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                state = await ask_link_state(self._bot, channel)
        except TimeoutError:
            return False
        if state is LinkState.GONE:
            await self._alerts.raise_once(incident, partial(owner_alerts.invite_link_broken, channel))
        elif state is LinkState.WORKS:
            await self._alerts.clear(incident, partial(owner_alerts.invite_link_works, channel))
        return state is not LinkState.UNKNOWN

    async def _ask(self, bot: Bot, chat_id: int) -> ChatFullInfo | None:
        """Return Telegram's description of the chat; None, logged, without one."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await bot.get_chat(chat_id)
        except TELEGRAM_ERRORS as error:
            log.info("health.chat_not_seen", chat_id=chat_id, failure=classify(error).value)
            return None
