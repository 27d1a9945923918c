"""All handlers of the admin bot under one router that lets only admins in."""

from aiogram import Router

from admin_bot.handlers import batch, card, card_answers, commands, membership, post_list, posting, stale, start
from admin_bot.middlewares.authorise import Authorise
from admin_bot.middlewares.once import HandleOnce

#: commands first, since they win over whatever waits; the button nobody knows last
_PARTS = (commands, start, batch, card_answers, post_list, card, posting, membership, stale)


def build_router() -> Router:
    """A fresh router (one dispatcher each). It authorises every kind of update aiogram knows by itself."""
    root = Router(name="admin bot")
    authorise = Authorise()
    for kind, observer in root.observers.items():
        if kind != "error":
            observer.outer_middleware(authorise)
    once = HandleOnce()
    root.message.middleware(once)
    root.callback_query.middleware(once)
    root.include_routers(*(part.build() for part in _PARTS))
    return root
