"""/backup and its buttons."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.system.backup import BackupService
from views.navigation import Open, Section
from views.system.backup_callbacks import BackupAction, BackupButton


async def backup_command(message: Message, backup: BackupService) -> None:
    await backup.present(message.chat.id)


async def show(query: CallbackQuery, backup: BackupService) -> None:
    await backup.show(query)


async def request_again(query: CallbackQuery, backup: BackupService) -> None:
    await backup.request_again(query)


def build() -> Router:
    router = Router(name="admin backup")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, BackupButton.filter(F.act == BackupAction.SHOW))
    router.callback_query.register(request_again, BackupButton.filter(F.act == BackupAction.RUN))
    router.callback_query.register(show, Open.filter(F.section == Section.BACKUPS))
    return router
