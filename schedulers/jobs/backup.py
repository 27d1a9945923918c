"""The nightly backup, and sending it to the owners when they want it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import structlog

from core.errors import TollgateError
from core.jobs import Counts
from core.retries import SHORT_S, retry_while_unavailable
from core.timetable import BACKUP
from database.backups.backup import BackupReport, BackupStopped, write_backup
from database.operations import settings_ops
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS

log = structlog.get_logger("tollgate.jobs")

Send = Callable[[Path], Awaitable[None]]

#: of one run: two million documents take about ten minutes
TIME_LIMIT = timedelta(hours=1)
#: what a bot may upload, in bytes (BOTAPI: sendDocument, 50 MB)
SEND_MAX = 50 * 1000 * 1000
_NOT_SENT: tuple[type[BaseException], ...] = (TollgateError, *TELEGRAM_ERRORS)


class Backup:
    """Writes a backup into `folder` and removes those not kept (`keep`); hands it to `send` when the settings say so.

    `send` raises what Telegram and the network raise: the backup stands all the same.
    """

    name = BACKUP

    def __init__(
        self,
        folder: Path,
        keep: int,
        send: Send | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._folder = folder
        self._keep = keep
        self._send = send
        self._sleep = sleep

    async def __call__(self, run: Run) -> Counts:
        async def write() -> BackupReport:
            return await write_backup(
                self._folder, self._keep, now=run.now(), goes_on=lambda: not run.should_stop, sleep=self._sleep
            )

        try:
            report = await retry_while_unavailable(write, SHORT_S, sleep=self._sleep)
        except BackupStopped:
            return Counts({"documents": 0, "bytes": 0, "removed": 0}, more=True)
        run.done.update(documents=report.documents, bytes=report.bytes, removed=report.removed)
        log.info("backup.written", file=report.path.name, **run.done)
        return Counts({**run.done, **await self._sent(report, run)})

    async def _sent(self, report: BackupReport, run: Run) -> dict[str, int]:
        """`sent` or `not_sent` and `too_large` as counts; none when nobody wants it."""
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
