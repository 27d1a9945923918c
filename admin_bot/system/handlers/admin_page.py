"""/admin."""

from aiogram.types import Message

from admin_bot.system.admin_page import AdminPage


async def admin_command(message: Message, admin_page: AdminPage) -> None:
    await admin_page.send_link(message.chat.id)
