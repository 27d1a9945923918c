"""Builds the services of posts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from admin_bot.context import AdminContext
from admin_bot.conversation.dialogue import Conversations
from admin_bot.posts.batch_status import BatchStatus
from admin_bot.posts.cards import CardService
from admin_bot.posts.changes import ChangeService
from admin_bot.posts.covers import PostCovers
from admin_bot.posts.post_maker import PostMaker
from admin_bot.posts.service import PostService
from admin_bot.seen_keys import SeenKeys
from admin_bot.storage.albums import AlbumCollector
from admin_bot.storage.copier import Copier
from admin_bot.undo import UndoService


@dataclass(frozen=True, slots=True)
class PostServices:
    """What handlers of posts need."""

    maker: PostMaker
    service: PostService
    cards: CardService
    changes: ChangeService
    covers: PostCovers
    #: albums that become posts
    albums: AlbumCollector
    batch_status: BatchStatus


def build_posts(
    context: AdminContext,
    copier: Copier,
    conversations: Conversations,
    undo_service: UndoService,
    answer_albums: SeenKeys,
    first_channel: Callable[[], Awaitable[str | None]],
) -> PostServices:
    """Build the services. At a stop `albums.close()` comes before the supervisor's."""
    maker = PostMaker(copier, context.clock)
    cards = CardService(context.bot, context.user_bot_username, context.clock, context.zone, first_channel)
    service = PostService(context.bot, maker, cards)
    return PostServices(
        maker=maker,
        service=service,
        cards=cards,
        changes=ChangeService(context.bot, cards, undo_service, context.clock),
        covers=PostCovers(copier, answer_albums),
        albums=AlbumCollector(context.supervisor, service, context.clock),
        batch_status=BatchStatus(context.bot, context.supervisor, context.clock, conversations),
    )
