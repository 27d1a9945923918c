"""Buttons of the backups."""

from views.buttons import Row, button
from views.system.backup_callbacks import BackupAction, BackupButton
from views.system.jobs_callbacks import JobAction, JobButton


def backup(job: str, *, is_busy: bool) -> tuple[Row, ...]:
    """Return the buttons. `job` writes backups. `is_busy`: one is under way, so no other is offered."""
    again: Row = [] if is_busy else [button("Back up now", BackupButton(act=BackupAction.RUN).pack())]
    return (
        again,
        [
            button("Refresh", BackupButton(act=BackupAction.SHOW).pack()),
            button("Last runs", JobButton(act=JobAction.SHOW, job=job).pack()),
        ],
    )
