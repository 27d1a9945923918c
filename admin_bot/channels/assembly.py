"""Builds the services of channels to join."""

from dataclasses import dataclass

from admin_bot.channels.adding import ChannelAdder
from admin_bot.channels.checking import ChannelChecker
from admin_bot.channels.invite_links import InviteLinks
from admin_bot.channels.service import ChannelService
from admin_bot.context import AdminContext
from admin_bot.storage.channel import StorageChannel


@dataclass(frozen=True, slots=True)
class ChannelServices:
    """What handlers of channels need."""

    adder: ChannelAdder
    service: ChannelService


def build_channels(context: AdminContext, storage_channel: StorageChannel) -> ChannelServices:
    """Build the services. They share the invite links that could not be stored."""
    links = InviteLinks(context.user_bot)
    checker = ChannelChecker(context.user_bot, context.clock, context.alerts)
    return ChannelServices(
        ChannelAdder(context.user_bot, storage_channel, links, context.clock),
        ChannelService(context.bot, links, checker, context.clock, context.zone, context.supervisor),
    )
