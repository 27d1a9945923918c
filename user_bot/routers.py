"""Router order: the first matching handler wins."""

from zoneinfo import ZoneInfo

from aiogram import Router

from core.clock import Clock
from database.team import Team
from user_bot.handlers import about, buttons, channels, language, membership, news, start
from user_bot.middlewares.being_erased import RefuseWhileErased
from user_bot.middlewares.language import SubscriberLanguage
from user_bot.middlewares.maintenance import HoldPendingPosts, RefuseDuringMaintenance
from user_bot.middlewares.upsert_visitor import UpsertVisitor
from user_bot.privacy import handlers as privacy_handlers
from views.catalogues import Catalogues


def build_router(clock: Clock, zone: ZoneInfo, catalogues: Catalogues, team: Team) -> Router:
    """Return a new tree of routers; a router belongs to one dispatcher."""
    root = Router(name="user_bot")
    # behind the upsert: the language somebody chose is in their record, and so is that they are being erased
    for middleware in (
        UpsertVisitor(clock),
        SubscriberLanguage(catalogues, team),
        RefuseWhileErased(),
        RefuseDuringMaintenance(clock, zone),
    ):
        root.message.outer_middleware(middleware)
        root.callback_query.outer_middleware(middleware)
    for joins in (root.chat_member, root.chat_join_request):
        joins.outer_middleware(HoldPendingPosts(clock))
    root.include_routers(
        start.build(),
        privacy_handlers.build(),
        news.build(),
        language.build(),
        about.build(),
        buttons.build(),
        membership.build(),
        channels.build(),
    )
    return root
