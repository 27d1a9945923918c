"""The admin bot's own rights in a channel changed: alerts when it loses those in the storage channel and when it has
them back; a set-up that waits for them goes on."""

from aiogram import Bot, Router
from aiogram.types import ChatMemberUpdated

from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import StorageChannel, lacks_of_admin_bot
from admin_bot.storage.setup import AfterStorage, StorageSetup
from database.team import Team
from views.owner_alerts import storing_lost
from views.storage.rights import lacks_of


async def rights_changed(
    event: ChatMemberUpdated,
    bot: Bot,
    storage_channel: StorageChannel,
    storage_alarm: StorageAlarm,
    storage_setup: StorageSetup,
    first_hour: AfterStorage,
    team: Team,
) -> None:
    if event.chat.id != await storage_channel.find():
        if not lacks_of_admin_bot(event.new_chat_member):
            await storage_setup.go_on(event.chat.id, first_hour, team)
        return
    lacks = lacks_of_admin_bot(event.new_chat_member)
    if not lacks:
        await storage_alarm.clear(event.chat.id)
        return
    username = (await bot.me()).username or ""
    await storage_alarm.raise_incident(event.chat.id, lambda: storing_lost(lacks_of(username, lacks)))


def build() -> Router:
    router = Router(name="admin rights changed")
    router.my_chat_member.register(rights_changed)
    return router
