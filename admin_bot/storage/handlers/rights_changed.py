"""The bot's own rights in the storage channel changed: owners are told once, and once when it is over."""

from aiogram import Bot, Router
from aiogram.types import ChatMemberUpdated

from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import Storage, lacks_of_admin_bot
from views.owner_alerts import storing_lost
from views.storage.rights import lacks_of


async def rights_changed(event: ChatMemberUpdated, bot: Bot, storage_channel: Storage, alarm: StorageAlarm) -> None:
    if event.chat.id != await storage_channel.find():
        return
    lacks = lacks_of_admin_bot(event.new_chat_member)
    if not lacks:
        await alarm.end(event.chat.id)
        return
    username = (await bot.me()).username or ""
    await alarm.begin(event.chat.id, storing_lost(lacks_of(username, lacks)))


def build() -> Router:
    router = Router(name="admin membership")
    router.my_chat_member.register(rights_changed)
    return router
