"""The nightly backup, and sending it to the owners when they want it."""

from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

import structlog
from aiogram import Bot
from aiogram.types import FSInputFile

from core.errors import TollgateError
from core.jobs import Counts
from core.retries import SHORT_S, retry_while_unavailable
from database.backups.backup import BackupReport, BackupStopped, write_backup
from database.operations import settings_ops
from schedulers.context import JobContext
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS
from sender.lanes import Lane, in_lane

log = structlog.get_logger("tollgate.jobs")

Send = Callable[[Path], Awaitable[None]]

#: largest upload of a bot, in bytes (BOTAPI: sendDocument, 50 MB)
SEND_MAX = 50 * 1000 * 1000
_NOT_SENT: tuple[type[BaseException], ...] = (TollgateError, *TELEGRAM_ERRORS)


class Backup:
    """Writes a backup into `folder`, deletes all but the newest `keep`, and calls `send` when the settings ask for it.

    `send` may raise what Telegram and the network raise: that is counted, and the backup kept.
    """

    def __init__(self, folder: Path, keep: int, send: Send | None = None, encrypt_to: str = "") -> None:
        self._folder = folder
        self._keep = keep
        self._send = send
        self._encrypt_to = encrypt_to

    async def __call__(self, run: Run) -> Counts:
        def goes_on() -> bool:
            # called before each page: the time limit is that of a page, however many there are
            run.progressed()
            return not run.should_stop

        async def write() -> BackupReport:
            return await write_backup(
                self._folder,
                self._keep,
                now=run.now(),
                encrypt_to=self._encrypt_to,
                goes_on=goes_on,
                clock=run.clock,
            )

        try:
            report = await retry_while_unavailable(write, run.clock, SHORT_S)
        except BackupStopped:
            return Counts({"documents": 0, "bytes": 0, "removed": 0}, more=True)
        run.done.update(documents=report.documents, bytes=report.bytes, removed=report.removed)
        log.info("backup.written", file=report.path.name, **run.done)
        return Counts({**run.done, **await self._sent(report, run)})

    async def _sent(self, report: BackupReport, run: Run) -> dict[str, int]:
        """Send it; return `sent`, or `not_sent` and `too_large`, as counts; {} when the settings do not ask for it."""
        if self._send is None or not (await settings_ops.current(run.now())).send_backups:
            return {}
        if report.bytes > SEND_MAX:
            log.warning("backup.not_sent", file=report.path.name, bytes=report.bytes, reason="over 50 MB")
            return {"not_sent": 1, "too_large": 1}
        try:
            await self._send(report.path)
        except _NOT_SENT as error:
            log.warning("backup.not_sent", file=report.path.name, error=type(error).__name__)
            return {"not_sent": 1}
        return {"sent": 1}


def to_owners(bot: Bot, find_owners: Callable[[], Awaitable[Collection[int]]]) -> Send:
    """Return a function that sends a backup to each owner's chat; it raises the last error when it reached no owner."""

    async def send(path: Path) -> None:
        problem: BaseException | None = None
        is_sent = False
        for owner_id in await find_owners():
            try:
                with in_lane(Lane.BULK):
                    await bot.send_document(owner_id, FSInputFile(path), disable_notification=True)
                is_sent = True
            except TELEGRAM_ERRORS as error:
                problem = error
        if problem is not None and not is_sent:
            raise problem

    return send


def create(context: JobContext) -> Backup:
    owners = context.owners_of("backup")
    send = to_owners(owners.admin_bot, owners.find_owners)
    return Backup(owners.backup_folder, owners.backup_keep, send, owners.backup_encrypt_to)
