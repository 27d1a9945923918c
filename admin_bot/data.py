"""What handlers of the admin bot may ask for by name. Built once, handed to the dispatcher."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypedDict
from zoneinfo import ZoneInfo

from aiogram import Bot

from admin_bot.alarm import StorageAlarm
from admin_bot.albums import AlbumCollector
from admin_bot.cards import CardDesk
from admin_bot.channel_adding import ChannelAdder
from admin_bot.channels import ChannelDesk
from admin_bot.copying import Copier
from admin_bot.desk import PostDesk
from admin_bot.invite_links import InviteLinks
from admin_bot.once import Once
from admin_bot.people import PeopleDesk
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
    #: the user bot's Bot object: asked about its rights, makes invite links, never sends
    user_bot: Bot
    user_bot_username: str
    storage_channel: Storage
    posts: PostMaker
    desk: PostDesk
    cards: CardDesk
    albums: AlbumCollector
    status: StatusBoard
    alarm: StorageAlarm
    adder: ChannelAdder
    channels: ChannelDesk
    #: (chat, media group) of albums whose first message was an answer
    taken_albums: Once
    people: PeopleDesk
    #: whether a verification leads through a shortener, and through a page of ours
    has_shorteners: bool
    has_page: bool


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
    has_shorteners: bool = False,
    has_page: bool = False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AdminData:
    """Put the parts together. At a stop `await data["albums"].close()` comes before the supervisor's close."""
    storage = Storage(storage_channel_id, clock, unmetered_chats)
    alarm = StorageAlarm(alerts)
    posts = PostMaker(Copier(bot, user_bot, storage, alarm), clock)
    desk = PostDesk(bot, posts, user_bot_username)
    links = InviteLinks(user_bot)
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
        adder=ChannelAdder(user_bot, storage, links, clock),
        channels=ChannelDesk(bot, user_bot, links, clock, zone, alerts, supervisor),
        taken_albums=Once(),
        people=PeopleDesk(bot, clock, zone, admin_ids),
        has_shorteners=has_shorteners,
        has_page=has_page,
    )
