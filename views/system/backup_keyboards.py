"""Buttons of /backup."""

from aiogram.types import InlineKeyboardMarkup

from views.buttons import button, keyboard
from views.system.backup_callbacks import BackupAction, BackupButton
from views.system.jobs_callbacks import JobAction, JobButton


def backup(job: str, *, is_busy: bool) -> InlineKeyboardMarkup:
    """Return the buttons of /backup. `job` writes backups. `is_busy`: one is under way, so no other is offered."""
    again = [] if is_busy else [button("Write another one", BackupButton(act=BackupAction.RUN).pack())]
    return keyboard(
        again,
        [
            button("Refresh", BackupButton(act=BackupAction.SHOW).pack()),
            button("Last runs", JobButton(act=JobAction.SHOW, job=job).pack()),
        ],
    )
