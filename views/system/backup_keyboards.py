"""Buttons of /backup."""

from aiogram.types import InlineKeyboardMarkup

from core.timetable import BACKUP
from views.admin_buttons import button, keyboard
from views.system.backup_callbacks import BackupAction, BackupButton
from views.system.jobs_callbacks import JobAction, JobButton


def backup(*, is_busy: bool) -> InlineKeyboardMarkup:
    """While one is being written another one is not asked for."""
    again = [] if is_busy else [button("Write another one", BackupButton(act=BackupAction.RUN).pack())]
    return keyboard(
        again,
        [
            button("Refresh", BackupButton(act=BackupAction.SHOW).pack()),
            button("Last runs", JobButton(act=JobAction.SHOW, job=BACKUP).pack()),
        ],
    )
