"""Builds the services of posts."""

from dataclasses import dataclass

from admin_bot.context import AdminContext
from admin_bot.posts.batch_status import BatchStatusEditor
from admin_bot.posts.cards import CardService
from admin_bot.posts.post_maker import PostMaker
from admin_bot.posts.service import PostService
from admin_bot.storage.albums import AlbumCollector
from admin_bot.storage.copier import Copier


@dataclass(frozen=True, slots=True)
class PostServices:
    """What handlers of posts need."""

    maker: PostMaker
    service: PostService
    cards: CardService
    #: albums that become posts
    albums: AlbumCollector
    batch_status: BatchStatusEditor


def build_posts(context: AdminContext, copier: Copier) -> PostServices:
    """Build the services. At a stop `albums.close()` comes before the supervisor's."""
    maker = PostMaker(copier, context.clock)
    service = PostService(context.bot, maker, context.user_bot_username)
    return PostServices(
        maker=maker,
        service=service,
        cards=CardService(context.bot, context.user_bot_username, context.clock, context.zone),
        albums=AlbumCollector(context.supervisor, service, context.clock),
        batch_status=BatchStatusEditor(context.bot, context.supervisor, context.clock),
    )
