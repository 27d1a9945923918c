"""What handlers of the admin bot may ask for by name. Built once, handed to the dispatcher."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypedDict
from zoneinfo import ZoneInfo

from aiogram import Bot

from admin_bot.broadcasts.albums import BroadcastAlbums
from admin_bot.broadcasts.progress import BroadcastWatch
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.channels.adding import ChannelAdder
from admin_bot.channels.invite_links import InviteLinks
from admin_bot.channels.service import ChannelService
from admin_bot.conversation.dialogue import Conversations
from admin_bot.once import SeenKeys
from admin_bot.people.service import PeopleService
from admin_bot.posts.batch_status import StatusBoard
from admin_bot.posts.cards import CardService
from admin_bot.posts.posting import PostMaker
from admin_bot.posts.service import PostService
from admin_bot.run_follower import Follower
from admin_bot.statistics.charts import ChartAlbums, Draw
from admin_bot.statistics.service import StatisticsService
from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.albums import AlbumCollector
from admin_bot.storage.channel import Storage
from admin_bot.storage.copying import Copier
from admin_bot.system.admin_page import AdminPage
from admin_bot.system.backup import BackupService
from admin_bot.system.jobs import JobService
from core.clock import Clock
from core.supervisor import Supervisor
from core.timetable import Plan, timetable
from monitoring.alerts import Alerts
from monitoring.pictures import draw as draw_picture
from sender.limits import BULK_RATE_PER_S


class AdminData(TypedDict):
    """`Dispatcher(**data)`."""

    clock: Clock
    zone: ZoneInfo
    admin_ids: frozenset[int]
    #: the user bot's Bot object: asked about its rights, makes invite links, sends test copies to admins
    user_bot: Bot
    user_bot_username: str
    storage_channel: Storage
    posts: PostMaker
    desk: PostService
    cards: CardService
    albums: AlbumCollector
    status: StatusBoard
    alarm: StorageAlarm
    adder: ChannelAdder
    channels: ChannelService
    #: (chat, media group) of albums whose first message was an answer
    taken_albums: SeenKeys
    people: PeopleService
    #: keeps the progress messages of broadcasts up to date
    watch: BroadcastWatch
    broadcasts: BroadcastService
    #: albums that are sent for a broadcast
    broadcast_albums: AlbumCollector
    conversations: Conversations
    jobs: JobService
    statistics: StatisticsService
    backup: BackupService
    admin_page: AdminPage
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
    bulk_rate_per_s: float = BULK_RATE_PER_S,
    has_shorteners: bool = False,
    has_page: bool = False,
    public_base_url: str = "",
    web_address: str = "",
    plans: Mapping[str, Plan] | None = None,
    backup_folder: str = "data/backups",
    backup_keep: int = 7,
    draw: Draw = draw_picture,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> AdminData:
    """Put the parts together. At a stop `close()` of both album collectors comes before the supervisor's.

    `public_base_url`: PUBLIC_BASE_URL; `web_address`: of the admin page on the machine itself, "" when not known;
    `plans`: of the jobs, None for those of `zone`.
    """
    storage = Storage(storage_channel_id, clock, unmetered_chats)
    alarm = StorageAlarm(alerts)
    copier = Copier(bot, user_bot, storage, alarm)
    posts = PostMaker(copier, clock)
    desk = PostService(bot, posts, user_bot_username)
    links = InviteLinks(user_bot)
    watch = BroadcastWatch(bot, clock, zone, supervisor, sleep=sleep, monotonic=monotonic)
    broadcasts = BroadcastService(
        bot, user_bot, user_bot_username, copier, watch, clock, zone, bulk_rate_per_s=bulk_rate_per_s
    )
    conversations = Conversations(bot.id)
    follower = Follower(bot, supervisor, sleep=sleep)
    jobs = JobService(bot, clock, zone, timetable(zone) if plans is None else plans, follower)
    charts = ChartAlbums(bot, zone, supervisor, draw, monotonic=monotonic)
    broadcast_albums = BroadcastAlbums(bot, broadcasts, conversations)
    return AdminData(
        clock=clock,
        zone=zone,
        admin_ids=admin_ids,
        user_bot=user_bot,
        user_bot_username=user_bot_username,
        storage_channel=storage,
        posts=posts,
        desk=desk,
        cards=CardService(bot, user_bot_username, clock, zone),
        albums=AlbumCollector(supervisor, desk, sleep=sleep),
        status=StatusBoard(bot, supervisor, sleep=sleep),
        alarm=alarm,
        adder=ChannelAdder(user_bot, storage, links, clock),
        channels=ChannelService(bot, user_bot, links, clock, zone, alerts, supervisor),
        taken_albums=SeenKeys(),
        people=PeopleService(bot, clock, zone, admin_ids),
        watch=watch,
        broadcasts=broadcasts,
        broadcast_albums=AlbumCollector(supervisor, broadcast_albums, sleep=sleep),
        conversations=conversations,
        jobs=jobs,
        statistics=StatisticsService(bot, clock, zone, jobs, charts, follower),
        backup=BackupService(bot, clock, zone, jobs, follower, folder=backup_folder, keep=backup_keep),
        admin_page=AdminPage(bot, clock, zone, public_base_url=public_base_url, web_address=web_address),
        has_shorteners=has_shorteners,
        has_page=has_page,
    )
