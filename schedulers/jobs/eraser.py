"""Goes on with erasures of subscribers until nothing of them is left: within a minute, also after a crash."""

from datetime import datetime, timedelta
from pathlib import Path

import structlog

from core.errors import TollgateError
from core.jobs import Counts
from database.connection import current_database
from database.erasing.tombstones import keep_up
from database.operations.erasures import erasing, erasure_ops
from schedulers.context import JobContext
from schedulers.runner import Run

log = structlog.get_logger("tollgate.erasing")

#: erasures read at once, and steps of one run
BATCH, STEPS_MAX = 50, 1000
#: one that failed holds up no other
AFTER_FAILURE = timedelta(minutes=1)


class Eraser:
    """Takes the due steps, the longest waiting first; a failed one is put off, and its error raised at the end."""

    def __init__(self, folder: Path | None) -> None:
        """`folder`: where hashes are kept for restores; None: nowhere."""
        self._folder = folder

    async def __call__(self, run: Run) -> Counts:
        errors: list[TollgateError] = []
        run.done.update(erased=0, rows=0)
        steps = 0
        while not run.should_stop and steps < STEPS_MAX:
            due = await erasure_ops.find_due(run.now(), BATCH)
            for erasure in due:
                try:
                    step = await erasing.take_step(erasure, run.now())
                except TollgateError as error:
                    log.warning("erasure.put_off", error=type(error).__name__)
                    errors.append(error)
                    await erasure_ops.go_on_at(erasure.id, run.now() + AFTER_FAILURE)
                    continue
                run.done["rows"] += step.removed
                run.done["erased"] += step.is_done
                if step.is_done:
                    log.info("erasure.done")
            steps += len(due)
            if len(due) < BATCH:
                break
        await self._keep_hashes(run)
        if errors:
            raise errors[0]
        return Counts(dict(run.done), more=steps >= STEPS_MAX)

    async def has_work(self, now: datetime) -> bool:
        """Whether an erasure is to go on."""
        return await erasure_ops.is_any_due(now)

    async def _keep_hashes(self, run: Run) -> None:
        if self._folder is None or current_database().is_memory:
            return
        try:
            await keep_up(self._folder, run.now())
        except OSError as error:
            log.error("erasure.hashes_not_kept", error=error.strerror or type(error).__name__)


def create(context: JobContext) -> Eraser:
    owners = context.telegram.owners if context.telegram is not None else None
    return Eraser(None if owners is None else owners.backup_folder.parent)
