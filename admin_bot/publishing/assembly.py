"""Builds the services of publishing."""

from dataclasses import dataclass

from admin_bot.channel_connector import ChannelConnector
from admin_bot.context import AdminContext
from admin_bot.publishing.covers import CoverKeeper
from admin_bot.publishing.decisions import UNDO_MOVE, UNDO_OFF, AnnouncementDecisions
from admin_bot.publishing.default_cover import UNDO_COVER, DefaultCover
from admin_bot.publishing.drafts import PublishDraftService
from admin_bot.publishing.lookups import Lookups
from admin_bot.publishing.renewal import RenewalService
from admin_bot.publishing.results import FirstSteps, ResultService
from admin_bot.publishing.schedule import ScheduleService
from admin_bot.publishing.slots import UNDO_SLOTS, SlotService
from admin_bot.run_follower import RunFollower
from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.channel import StorageChannel
from admin_bot.storage.copier import Copier
from admin_bot.undo import UndoService
from core.team.rights import Right


@dataclass(frozen=True, slots=True)
class PublishingServices:
    """What handlers of publishing need."""

    lookups: Lookups
    drafts: PublishDraftService
    results: ResultService
    decisions: AnnouncementDecisions
    connector: ChannelConnector
    covers: CoverKeeper
    schedule: ScheduleService
    slots: SlotService
    default_cover: DefaultCover
    renewal: RenewalService


def build_publishing(
    context: AdminContext,
    storage: StorageChannel,
    copier: Copier,
    follower: RunFollower,
    undo_service: UndoService,
    answer_albums: SeenKeys,
    first_steps: FirstSteps,
    connector: ChannelConnector,
) -> PublishingServices:
    """Build the services, and register what they can undo."""
    bot, username, clock, zone = context.bot, context.user_bot_username, context.clock, context.zone
    lookups = Lookups(bot, clock, zone)
    services = PublishingServices(
        lookups=lookups,
        drafts=PublishDraftService(bot, username, storage, lookups, clock, zone),
        results=ResultService(bot, username, lookups, follower, clock, first_steps),
        decisions=AnnouncementDecisions(lookups, clock, zone),
        connector=connector,
        covers=CoverKeeper(copier, answer_albums),
        schedule=ScheduleService(lookups, clock, zone),
        slots=SlotService(clock, zone),
        default_cover=DefaultCover(bot, storage, clock),
        renewal=RenewalService(follower, clock, zone),
    )
    undo_service.register(UNDO_OFF, services.decisions.undo_off, Right.POSTS)
    undo_service.register(UNDO_MOVE, services.decisions.undo_move, Right.POSTS)
    undo_service.register(UNDO_SLOTS, services.slots.undo, Right.POSTS)
    undo_service.register(UNDO_COVER, services.default_cover.undo, Right.SETTINGS)
    return services
