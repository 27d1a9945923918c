"""Router order: the first matching handler wins."""

from aiogram import Router

from core.clock import Clock
from user_bot.handlers import about, buttons, channels, membership, news, start
from user_bot.middlewares.upsert_visitor import UpsertVisitor


def build_router(clock: Clock) -> Router:
    """Return a new tree of routers; a router belongs to one dispatcher."""
    root = Router(name="user_bot")
    upsert_visitor = UpsertVisitor(clock)
    root.message.outer_middleware(upsert_visitor)
    root.callback_query.outer_middleware(upsert_visitor)
    root.include_routers(
        start.build(), news.build(), about.build(), buttons.build(), membership.build(), channels.build()
    )
    return root
