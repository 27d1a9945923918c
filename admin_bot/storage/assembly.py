"""Builds the services of the storage channel."""

from dataclasses import dataclass

from admin_bot.context import AdminContext
from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import StorageChannel
from admin_bot.storage.copier import Copier
from admin_bot.storage.setup import StorageSetup


@dataclass(frozen=True, slots=True)
class StorageServices:
    """The storage channel, and what writes into it."""

    channel: StorageChannel
    alarm: StorageAlarm
    copier: Copier
    setup: StorageSetup


def build_storage(context: AdminContext, configured_channel_id: int | None) -> StorageServices:
    """Build the services. `configured_channel_id`: used while no channel is chosen."""
    channel = StorageChannel(configured_channel_id, context.clock, context.unmetered_chats)
    alarm = StorageAlarm(context.alerts)
    setup = StorageSetup(context.bot, context.user_bot, channel, alarm, context.clock)
    return StorageServices(channel, alarm, Copier(context.bot, context.user_bot, channel, alarm), setup)
