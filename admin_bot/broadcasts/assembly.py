"""Builds the services of broadcasts."""

from dataclasses import dataclass

from admin_bot.broadcasts.albums import BroadcastAlbums
from admin_bot.broadcasts.progress_updater import ProgressUpdater
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.context import AdminContext
from admin_bot.conversation.dialogue import Conversations
from admin_bot.storage.albums import AlbumCollector
from admin_bot.storage.copier import Copier


@dataclass(frozen=True, slots=True)
class BroadcastServices:
    """What handlers of broadcasts need."""

    progress_updater: ProgressUpdater
    service: BroadcastService
    #: albums that are sent for a broadcast
    albums: AlbumCollector


def build_broadcasts(
    context: AdminContext, copier: Copier, conversations: Conversations, *, bulk_rate_per_s: float
) -> BroadcastServices:
    """Build the services. At a stop `albums.close()` comes before the supervisor's."""
    progress_updater = ProgressUpdater(
        context.bot,
        context.team,
        context.clock,
        context.zone,
        context.supervisor,
    )
    service = BroadcastService(
        context.bot,
        context.user_bot,
        context.user_bot_username,
        copier,
        progress_updater,
        context.clock,
        context.zone,
        bulk_rate_per_s=bulk_rate_per_s,
    )
    receiver = BroadcastAlbums(context.bot, service, conversations)
    albums = AlbumCollector(context.supervisor, receiver, context.clock)
    return BroadcastServices(progress_updater, service, albums)
