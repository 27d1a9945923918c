"""Router order: the first matching handler wins."""

from aiogram import Router

from admin_bot import command_handlers, undo
from admin_bot.bots import handlers as bots
from admin_bot.broadcasts.handlers import answers as broadcast_answers
from admin_bot.broadcasts.handlers import composing as broadcast_composing
from admin_bot.broadcasts.handlers import message as broadcast_message
from admin_bot.broadcasts.handlers import progress as broadcast_progress
from admin_bot.channels.handlers import adding as channel_adding
from admin_bot.channels.handlers import answers as channel_answers
from admin_bot.channels.handlers import list as channel_list
from admin_bot.maintenance import handlers as maintenance
from admin_bot.menu import handlers as menu
from admin_bot.middlewares.authorisation import Authorise
from admin_bot.middlewares.deduplication import DropRepeatedUpdates
from admin_bot.middlewares.following import ReleaseFollowed
from admin_bot.middlewares.language import SpeakToMember
from admin_bot.middlewares.rights import CheckRight
from admin_bot.middlewares.service_messages import DropServiceMessages
from admin_bot.people.handlers import answers as people_answers
from admin_bot.people.handlers import bans as people_bans
from admin_bot.people.handlers import card as people_card
from admin_bot.people.handlers import gifts as people_gifts
from admin_bot.people.handlers import list as people_list
from admin_bot.people.handlers import messages as people_messages
from admin_bot.people.handlers import picking as people_picking
from admin_bot.posts.handlers import batch, card, card_answers, content, new_post, post_list, removal
from admin_bot.publishing.handlers import (
    announcement,
    confirming,
    default_cover,
    draft,
    moving,
    renewal,
    schedule,
    slots,
)
from admin_bot.publishing.handlers import answers as publish_answers
from admin_bot.publishing.handlers import connecting as publish_channels
from admin_bot.settings.handlers import panel as settings_panel
from admin_bot.settings.handlers import typing as setting_answers
from admin_bot.shorteners.handlers import answers as shortener_answers
from admin_bot.shorteners.handlers import drafts as shortener_drafts
from admin_bot.shorteners.handlers import list as shortener_list
from admin_bot.shorteners.handlers import pasted_keys
from admin_bot.statistics import handlers as statistics
from admin_bot.statistics import post_handlers as post_statistics
from admin_bot.storage.handlers import rights_changed, setup
from admin_bot.system.handlers import backup, export, imports, jobs, old_links, system
from admin_bot.team import claim, questions
from admin_bot.team.handlers import activity, invitations, joining, language, members, sessions
from core.clock import Clock

#: the claim of the bots and invitations come before the command /start. Commands come next: they win over a waiting
#: question or batch. A pasted key is deleted before anything else takes it, except for the questions that ask for one.
#: Adding a channel and connecting one come before the setup, which takes every other answer of a chat picker. New posts
#: come after everything that waits for a message
_MODULES = (
    claim,
    joining,
    command_handlers,
    shortener_answers,
    pasted_keys,
    channel_adding,
    publish_channels,
    questions,
    invitations,
    old_links,
    imports,
    setup,
    draft,
    confirming,
    publish_answers,
    announcement,
    moving,
    schedule,
    slots,
    default_cover,
    renewal,
    broadcast_message,
    broadcast_composing,
    broadcast_answers,
    batch,
    card_answers,
    channel_answers,
    setting_answers,
    maintenance,
    bots,
    people_answers,
    people_messages,
    people_picking,
    people_list,
    people_card,
    people_bans,
    people_gifts,
    post_list,
    card,
    content,
    removal,
    channel_list,
    broadcast_progress,
    jobs,
    system,
    export,
    settings_panel,
    post_statistics,
    statistics,
    backup,
    members,
    activity,
    language,
    sessions,
    shortener_drafts,
    shortener_list,
    new_post,
    rights_changed,
    menu,
    undo,
)


def build_router(clock: Clock) -> Router:
    """Build a new router, for one dispatcher. Only admins get in, for every kind of update aiogram knows."""
    root = Router(name="admin bot")
    root.message.outer_middleware(DropServiceMessages())
    speak, authorise = SpeakToMember(), Authorise(clock)
    for kind, observer in root.observers.items():
        if kind != "error":
            observer.outer_middleware(speak)
            observer.outer_middleware(authorise)
    deduplication = DropRepeatedUpdates()
    check_right = CheckRight()
    for observer in (root.message, root.callback_query):
        observer.middleware(deduplication)
        observer.middleware(check_right)
    root.callback_query.middleware(ReleaseFollowed())
    root.include_routers(*(module.build() for module in _MODULES), menu.build_last())
    return root
