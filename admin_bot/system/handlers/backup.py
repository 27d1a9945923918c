"""/backup, and its buttons."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import toast
from admin_bot.system.backup import BackupService
from views.system import backup_texts as texts
from views.system.backup_callbacks import BackupAction, BackupButton


async def backup_command(message: Message, backup: BackupService) -> None:
    await backup.present(message.chat.id)


async def show(query: CallbackQuery, backup: BackupService) -> None:
    await backup.show(query)


async def again(query: CallbackQuery, backup: BackupService) -> None:
    await backup.again(query)


async def is_of_backup(query: CallbackQuery) -> bool:
    """A button that looks like one of /backup, whatever it carries."""
    return (query.data or "").startswith(f"{BackupButton.__prefix__}:")


async def unknown_button(query: CallbackQuery) -> None:
    """Forged, or of another version."""
    await toast(query, texts.GONE)


def build() -> Router:
    router = Router(name="admin backup")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, BackupButton.filter(F.act == BackupAction.SHOW))
    router.callback_query.register(again, BackupButton.filter(F.act == BackupAction.RUN))
    router.callback_query.register(unknown_button, is_of_backup)
    return router
