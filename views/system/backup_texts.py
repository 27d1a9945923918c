"""What admins read of backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.jobs import JobOutcome, JobRun
from views.html import bare, cut, esc
from views.navigation import Section, parent
from views.quantities import in_bytes
from views.screens import Screen
from views.system import backup_keyboards as keyboards
from views.system import jobs_words as words
from views.times import clock_time, date_and_time, duration

#: characters of the folder's path, and of an error
_PATH_MAX, _ERROR_MAX = 120, 160
#: the job's count for the size of the file
BYTES = "bytes"

ASKED_FOR = "Asked for. It waits for a process to take it."
ASKED_FOR_BEFORE = "It is asked for already."


@dataclass(frozen=True, slots=True)
class Backups:
    """What /backup shows."""

    #: the last runs of the job, the latest first
    runs: Sequence[JobRun]
    is_running: bool
    #: where backups are written, as configured for the process that runs the jobs
    folder: str
    #: how many are kept
    keep: int

    @property
    def is_busy(self) -> bool:
        """Whether a backup is being written or requested."""
        return self.is_running or any(run.is_waiting for run in self.runs)


def backup(backups: Backups, job: str, now: datetime, zone: ZoneInfo) -> Screen:
    """Return the screen. `job` writes backups."""
    return Screen(_text(backups, now, zone), keyboards.backup(job, is_busy=backups.is_busy), parent(Section.SYSTEM))


def _text(backups: Backups, now: datetime, zone: ZoneInfo) -> str:
    folder = esc(cut(bare(backups.folder), _PATH_MAX))
    kept = "The last one is kept" if backups.keep == 1 else f"The last {backups.keep:,} are kept"
    lines = [
        f"<b>Backup</b>, as of {clock_time(now, zone)}",
        *_doing(backups, now),
        "",
        *_newest(backups, now, zone),
        f"{kept} in <code>{folder}</code> on the machine that runs the jobs.",
    ]
    return "\n".join(lines)


def _doing(backups: Backups, now: datetime) -> list[str]:
    waiting = next((run for run in backups.runs if run.is_waiting), None)
    if backups.is_running:
        running = next((run for run in backups.runs if run.is_running), None)
        since = "" if running is None else f", for {duration(now - running.started_at)} so far"
        return [f"One is being written{since}." + (" Another one is asked for and follows." if waiting else "")]
    if waiting is not None:
        return [f"Asked for {words.ago(waiting.started_at, now)}. It waits for a process to take it."]
    if not backups.runs:
        return ["No backup has been tried yet, or its history was removed."]
    return _ended(backups.runs[0], now)


def _ended(run: JobRun, now: datetime) -> list[str]:
    if run.outcome is None:
        return [f"One was begun {words.ago(run.started_at, now)} and never ended: its process seems to be gone."]
    ended = words.ago(run.finished_at or run.started_at, now)
    if _has_written(run):
        took = words.took(run)
        return [f"The last one was written {ended}{f' in {took}' if took else ''}.{_sent(run)}"]
    if run.outcome is JobOutcome.SUCCEEDED:
        return [f"The last try was stopped {ended}, before anything was written."]
    lines = [f"The last try {words.outcome(run.outcome)}, {ended}. It left no backup."]
    return [*lines, words.one_line(run.error, _ERROR_MAX)] if run.error else lines


def _has_written(run: JobRun) -> bool:
    """Return whether the run wrote a backup. A stopped run succeeds, too, with more left to do."""
    return run.outcome is JobOutcome.SUCCEEDED and not run.more


def _sent(run: JobRun) -> str:
    """Say whether the owners got their copy; "" if none was to be sent."""
    if run.counts.get("sent"):
        return " It was sent to the owners, too."
    if run.counts.get("too_large"):
        return " It was too large to be sent to the owners."
    return " It could not be sent to the owners." if run.counts.get("not_sent") else ""


def _newest(backups: Backups, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the newest backup, its size and its age."""
    good = next((run for run in backups.runs if _has_written(run)), None)
    if good is None:
        if not backups.runs:
            return []
        tried = "the last run" if len(backups.runs) == 1 else f"the last {len(backups.runs)} runs"
        return [f"No written backup is known: {tried} wrote none."]
    size = f", {in_bytes(good.counts[BYTES])}" if BYTES in good.counts else ", of a size nobody noted"
    written = f"Newest backup: {date_and_time(good.finished_at or good.started_at, zone, now)}{size}."
    age = now - (good.finished_at or good.started_at)
    return [written, f"<b>It is {duration(age)} old.</b>"] if age > timedelta(days=2) else [written]
