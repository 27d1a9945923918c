"""What handlers of the admin bot may name as arguments. Built once, handed to the dispatcher."""

from typing import TypedDict
from zoneinfo import ZoneInfo

from aiogram import Bot

from admin_bot.bots.service import BotProfiles
from admin_bot.broadcasts.assembly import build_broadcasts
from admin_bot.broadcasts.progress_updater import ProgressUpdater
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.channel_connector import ChannelConnector
from admin_bot.channels.adding import ChannelAdder
from admin_bot.channels.assembly import build_channels
from admin_bot.channels.service import ChannelService
from admin_bot.context import AdminConfig, AdminContext
from admin_bot.conversation.dialogue import Conversations
from admin_bot.job_runs import JobRuns
from admin_bot.maintenance.service import MaintenanceService
from admin_bot.menu.service import MenuService
from admin_bot.people.assembly import build_people
from admin_bot.people.gifts import GiftService
from admin_bot.people.giving import GivingService
from admin_bot.people.service import PeopleService
from admin_bot.people.stored_message import MessageKeeper
from admin_bot.posts.assembly import PostServices, build_posts
from admin_bot.posts.batch_status import BatchStatus
from admin_bot.posts.cards import CardService
from admin_bot.posts.changes import ChangeService
from admin_bot.posts.covers import PostCovers
from admin_bot.posts.post_maker import PostMaker
from admin_bot.posts.service import PostService
from admin_bot.publishing.assembly import PublishingServices, build_publishing
from admin_bot.publishing.covers import CoverKeeper
from admin_bot.publishing.decisions import AnnouncementDecisions
from admin_bot.publishing.default_cover import DefaultCover
from admin_bot.publishing.drafts import PublishDraftService
from admin_bot.publishing.lookups import Lookups
from admin_bot.publishing.renewal import RenewalService
from admin_bot.publishing.results import ResultService
from admin_bot.publishing.schedule import ScheduleService
from admin_bot.publishing.slots import SlotService
from admin_bot.run_follower import RunFollower
from admin_bot.seen_keys import SeenKeys
from admin_bot.settings.service import SettingsService
from admin_bot.shorteners.assembly import build_shorteners
from admin_bot.shorteners.drafts import DraftService
from admin_bot.shorteners.service import ShortenerService
from admin_bot.statistics.assembly import build_statistics
from admin_bot.statistics.service import StatisticsService
from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.albums import AlbumCollector
from admin_bot.storage.assembly import build_storage
from admin_bot.storage.channel import StorageChannel
from admin_bot.storage.setup import StorageSetup
from admin_bot.system.admin_page import AdminPage
from admin_bot.system.assembly import SystemServices, build_system
from admin_bot.system.backup import BackupService
from admin_bot.system.exports import ExportService
from admin_bot.system.imports import ImportService
from admin_bot.system.jobs import JobService
from admin_bot.system.old_links import OldLinkService
from admin_bot.team.assembly import build_team
from admin_bot.team.first_hour import FirstHourGuide
from admin_bot.team.members import TeamService
from admin_bot.team.menus import TeamMenus
from admin_bot.team.notices import TeamNotices
from admin_bot.undo import UndoService
from core.clock import Clock
from database.team import Team


class _ProcessData(TypedDict):
    """What the process and its configuration give."""

    clock: Clock
    zone: ZoneInfo
    team: Team
    user_bot: Bot
    user_bot_username: str
    has_page: bool


class _PublishingData(TypedDict):
    """Publishing and the schedule."""

    publishing_lookups: Lookups
    publish_drafts: PublishDraftService
    publish_results: ResultService
    announcement_decisions: AnnouncementDecisions
    channel_connector: ChannelConnector
    cover_keeper: CoverKeeper
    schedule: ScheduleService
    channel_slots: SlotService
    default_cover: DefaultCover
    button_renewal: RenewalService


class _PostsData(TypedDict):
    """Posts: making, showing and changing them."""

    post_maker: PostMaker
    post_service: PostService
    cards: CardService
    #: changes of a post's fields
    changes: ChangeService
    #: covers of posts
    covers: PostCovers
    #: albums that become posts
    albums: AlbumCollector
    batch_status: BatchStatus


class _SystemData(TypedDict):
    """The section System."""

    jobs: JobService
    backup: BackupService
    admin_page: AdminPage
    exports: ExportService
    imports: ImportService
    old_links: OldLinkService


class AdminData(_ProcessData, _PublishingData, _PostsData, _SystemData):
    """`Dispatcher(**data)`."""

    conversations: Conversations
    #: keeps messages up to date until a button of theirs is pressed
    run_follower: RunFollower
    menu: MenuService
    maintenance: MaintenanceService
    bot_profiles: BotProfiles
    #: the functions that take steps back: subjects register theirs
    undo_service: UndoService
    settings: SettingsService
    storage_channel: StorageChannel
    storage_alarm: StorageAlarm
    channel_adder: ChannelAdder
    channels: ChannelService
    #: (chat, media group) of albums whose first message was an answer to a question
    answer_albums: SeenKeys
    people: PeopleService
    giving: GivingService
    #: messages of the team to one subscriber
    message_keeper: MessageKeeper
    gifts: GiftService
    progress_updater: ProgressUpdater
    broadcasts: BroadcastService
    #: albums that are sent for a broadcast
    broadcast_albums: AlbumCollector
    shorteners: ShortenerService
    shortener_drafts: DraftService
    statistics: StatisticsService
    team_menus: TeamMenus
    members: TeamService
    team_notices: TeamNotices
    first_hour: FirstHourGuide
    storage_setup: StorageSetup


def build_data(context: AdminContext, config: AdminConfig) -> AdminData:
    """Build every subject's services. At a stop `close()` of both album collectors comes before the supervisor's."""
    conversations = Conversations(context.bot.id)
    follower = RunFollower(context.bot, context.team, context.supervisor, context.clock)
    runs = JobRuns(context.clock)
    storage = build_storage(context, config.storage_channel_id)
    undo_service, answer_albums = UndoService(), SeenKeys()
    team = build_team(context, storage.channel)
    posts = build_posts(
        context, storage.copier, conversations, undo_service, answer_albums, team.first_hour.publishing_channel
    )
    channels = build_channels(context, storage.channel)
    people = build_people(context, storage.copier, undo_service, answer_albums)
    broadcasts = build_broadcasts(context, storage.copier, conversations, bulk_rate_per_s=config.bulk_rate_per_s)
    shorteners = build_shorteners(context, config, undo_service)
    system = build_system(context, config, runs, follower, storage.channel)
    publishing = build_publishing(
        context, storage.channel, storage.copier, follower, undo_service, answer_albums, team.first_hour, team.connector
    )
    return AdminData(
        **_process_data(context, config),
        **_publishing_data(publishing),
        **_posts_data(posts),
        **_system_data(system),
        conversations=conversations,
        run_follower=follower,
        menu=MenuService(context.user_bot_username, context.clock, context.zone, team.first_hour.open_steps),
        maintenance=MaintenanceService(context.clock, context.zone),
        bot_profiles=BotProfiles(context.user_bot, context.bot, context.clock),
        undo_service=undo_service,
        settings=SettingsService(context.clock, context.zone, undo_service),
        storage_channel=storage.channel,
        storage_alarm=storage.alarm,
        channel_adder=channels.adder,
        channels=channels.service,
        answer_albums=answer_albums,
        people=people.people,
        giving=people.giving,
        message_keeper=people.messages,
        gifts=people.gifts,
        progress_updater=broadcasts.progress_updater,
        broadcasts=broadcasts.service,
        broadcast_albums=broadcasts.albums,
        shorteners=shorteners.service,
        shortener_drafts=shorteners.drafts,
        team_menus=team.menus,
        members=team.members,
        team_notices=team.notices,
        first_hour=team.first_hour,
        storage_setup=storage.setup,
        statistics=build_statistics(context),
    )


def _process_data(context: AdminContext, config: AdminConfig) -> _ProcessData:
    return _ProcessData(
        clock=context.clock,
        zone=context.zone,
        team=context.team,
        user_bot=context.user_bot,
        user_bot_username=context.user_bot_username,
        has_page=config.has_page,
    )


def _publishing_data(publishing: PublishingServices) -> _PublishingData:
    return _PublishingData(
        publishing_lookups=publishing.lookups,
        publish_drafts=publishing.drafts,
        publish_results=publishing.results,
        announcement_decisions=publishing.decisions,
        channel_connector=publishing.connector,
        cover_keeper=publishing.covers,
        schedule=publishing.schedule,
        channel_slots=publishing.slots,
        default_cover=publishing.default_cover,
        button_renewal=publishing.renewal,
    )


def _posts_data(posts: PostServices) -> _PostsData:
    return _PostsData(
        post_maker=posts.maker,
        post_service=posts.service,
        cards=posts.cards,
        changes=posts.changes,
        covers=posts.covers,
        albums=posts.albums,
        batch_status=posts.batch_status,
    )


def _system_data(system: SystemServices) -> _SystemData:
    return _SystemData(
        jobs=system.jobs,
        backup=system.backup,
        admin_page=system.admin_page,
        exports=system.exports,
        imports=system.imports,
        old_links=system.old_links,
    )
