"""Buttons of the backups."""

from views.buttons import Row, button
from views.language import _
from views.system.backup_callbacks import BackupAction, BackupButton
from views.system.jobs_callbacks import JobAction, JobButton


def backup(job: str, *, is_busy: bool) -> tuple[Row, ...]:
    """Return the buttons. `job` writes backups. `is_busy`: one is under way, so no other is offered."""
    again: Row = [] if is_busy else [button(_("Back up now"), BackupButton(act=BackupAction.RUN).pack())]
    return (
        again,
        [
            button(_("Refresh"), BackupButton(act=BackupAction.SHOW).pack()),
            button(_("Last runs"), JobButton(act=JobAction.SHOW, job=job).pack()),
        ],
    )
