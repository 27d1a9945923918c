"""All handlers of the admin bot under one router that lets only admins in."""

from aiogram import Router

from admin_bot import command_handlers as commands
from admin_bot import stale_buttons as stale
from admin_bot.broadcasts.handlers import answers as broadcast_answers
from admin_bot.broadcasts.handlers import composing as broadcast_composing
from admin_bot.broadcasts.handlers import message as broadcast_message
from admin_bot.broadcasts.handlers import running as broadcast_running
from admin_bot.channels.handlers import adding as channel_adding
from admin_bot.channels.handlers import answers as channel_answers
from admin_bot.channels.handlers import list as channels
from admin_bot.middlewares.authorise import Authorise
from admin_bot.once import HandleOnce
from admin_bot.people import handlers as people
from admin_bot.posts.handlers import batch, card, card_answers, post_list
from admin_bot.posts.handlers import new_post as posting
from admin_bot.statistics import handlers as statistics
from admin_bot.storage.handlers import rights_changed as membership
from admin_bot.storage.handlers import setup as start
from admin_bot.system.handlers import backup, jobs

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
