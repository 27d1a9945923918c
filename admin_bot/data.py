"""What handlers of the admin bot may ask for by name. Built once, handed to the dispatcher."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypedDict
from zoneinfo import ZoneInfo

from aiogram import Bot

from admin_bot.alarm import StorageAlarm
from admin_bot.albums import AlbumCollector
from admin_bot.cards import CardDesk
from admin_bot.copying import Copier
from admin_bot.desk import PostDesk
from admin_bot.posting import PostMaker
from admin_bot.status import StatusBoard
from admin_bot.storage import Storage
from core.clock import Clock
from core.supervisor import Supervisor
from monitoring.alerts import Alerts


class AdminData(TypedDict):
    """`Dispatcher(**data)`."""

    clock: Clock
    zone: ZoneInfo
    admin_ids: frozenset[int]
    #: the user bot's Bot object: asked about its rights, never sends
    user_bot: Bot
    user_bot_username: str
    storage_channel: Storage
    posts: PostMaker
    desk: PostDesk
    cards: CardDesk
    albums: AlbumCollector
    status: StatusBoard
    alarm: StorageAlarm


def build_data(
    *,
    bot: Bot,
    user_bot: Bot,
    user_bot_username: str,
    admin_ids: frozenset[int],
    storage_channel_id: int | None,
    clock: Clock,
    zone: ZoneInfo,
    alerts: Alerts,
    supervisor: Supervisor,
    unmetered_chats: set[int],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AdminData:
    """Put the parts together. At a stop `await data["albums"].close()` comes before the supervisor's close."""
    storage = Storage(storage_channel_id, clock, unmetered_chats)
    alarm = StorageAlarm(alerts)
    posts = PostMaker(Copier(bot, user_bot, storage, alarm), clock)
    desk = PostDesk(bot, posts, user_bot_username)
    return AdminData(
        clock=clock,
        zone=zone,
        admin_ids=admin_ids,
        user_bot=user_bot,
        user_bot_username=user_bot_username,
        storage_channel=storage,
        posts=posts,
        desk=desk,
        cards=CardDesk(bot, user_bot_username, clock, zone),
        albums=AlbumCollector(supervisor, desk, sleep=sleep),
        status=StatusBoard(bot, supervisor, sleep=sleep),
        alarm=alarm,
    )
