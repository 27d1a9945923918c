"""All handlers of the admin bot under one router that lets only admins in."""

from aiogram import Router

from admin_bot.handlers import (
    backup,
    batch,
    broadcast_answers,
    broadcast_composing,
    broadcast_message,
    broadcast_running,
    card,
    card_answers,
    channel_adding,
    channel_answers,
    channels,
    commands,
    jobs,
    membership,
    people,
    post_list,
    posting,
    stale,
    start,
    statistics,
)
from admin_bot.middlewares.authorise import Authorise
from admin_bot.middlewares.once import HandleOnce

#: commands first, since they win over whatever waits; the button nobody knows last. Adding a channel stands before
#: the first steps, which take every other answer of a chat picker
_PARTS = (
    commands,
    channel_adding,
    start,
    broadcast_message,
    broadcast_composing,
    broadcast_answers,
    batch,
    card_answers,
    channel_answers,
    people,
    post_list,
    card,
    channels,
    broadcast_running,
    jobs,
    statistics,
    backup,
    posting,
    membership,
    stale,
)


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
