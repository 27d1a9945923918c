"""What admins read of backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.jobs import JobOutcome, JobRun
from views.html import bare, cut, esc
from views.language import _, ngettext
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


def asked_for() -> str:
    return _("Asked for. It waits for a process to take it.")


def asked_for_before() -> str:
    return _("It is asked for already.")


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
    kept = ngettext(
        "The last one is kept in <code>{folder}</code> on the machine that runs the jobs.",
        "The last {count} are kept in <code>{folder}</code> on the machine that runs the jobs.",
        backups.keep,
    ).format(count=f"{backups.keep:,}", folder=folder)
    lines = [
        _("<b>Backup</b>, as of {time}").format(time=clock_time(now, zone)),
        *_doing(backups, now),
        "",
        *_newest(backups, now, zone),
        kept,
    ]
    return "\n".join(lines)


def _doing(backups: Backups, now: datetime) -> list[str]:
    waiting = next((run for run in backups.runs if run.is_waiting), None)
    if backups.is_running:
        running = next((run for run in backups.runs if run.is_running), None)
        said = _("One is being written.")
        if running is not None:
            span = duration(now - running.started_at)
            said = _("One is being written, for {span} so far.").format(span=span)
        follows = _("Another one is asked for and follows.")
        return [f"{said} {follows}" if waiting else said]
    if waiting is not None:
        ago = words.ago(waiting.started_at, now)
        return [_("Asked for {ago}. It waits for a process to take it.").format(ago=ago)]
    if not backups.runs:
        return [_("No backup has been tried yet, or its history was removed.")]
    return _ended(backups.runs[0], now)


def _ended(run: JobRun, now: datetime) -> list[str]:
    if run.outcome is None:
        ago = words.ago(run.started_at, now)
        return [_("One was begun {ago} and never ended: its process seems to be gone.").format(ago=ago)]
    ended = words.ago(run.finished_at or run.started_at, now)
    if _has_written(run):
        took = words.took(run)
        said = _("The last one was written {ago}.").format(ago=ended)
        if took:
            said = _("The last one was written {ago} in {span}.").format(ago=ended, span=took)
        sent = _sent(run)
        return [f"{said} {sent}" if sent else said]
    if run.outcome is JobOutcome.SUCCEEDED:
        return [_("The last try was stopped {ago}, before anything was written.").format(ago=ended)]
    how = words.outcome(run.outcome)
    lines = [_("The last try {outcome}, {ago}. It left no backup.").format(outcome=how, ago=ended)]
    return [*lines, words.one_line(run.error, _ERROR_MAX)] if run.error else lines


def _has_written(run: JobRun) -> bool:
    """Return whether the run wrote a backup. A stopped run succeeds, too, with more left to do."""
    return run.outcome is JobOutcome.SUCCEEDED and not run.more


def _sent(run: JobRun) -> str:
    """Say whether the owners got their copy; "" if none was to be sent."""
    if run.counts.get("sent"):
        return _("It was sent to the owners, too.")
    if run.counts.get("too_large"):
        return _("It was too large to be sent to the owners.")
    return _("It could not be sent to the owners.") if run.counts.get("not_sent") else ""


def _newest(backups: Backups, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the newest backup, its size and its age."""
    good = next((run for run in backups.runs if _has_written(run)), None)
    if good is None:
        if not backups.runs:
            return []
        runs = ngettext(
            "No written backup is known: the last run wrote none.",
            "No written backup is known: the last {count} runs wrote none.",
            len(backups.runs),
        )
        return [runs.format(count=f"{len(backups.runs):,}")]
    at = date_and_time(good.finished_at or good.started_at, zone, now)
    written = _("Newest backup: {time}, of a size nobody noted.").format(time=at)
    if BYTES in good.counts:
        written = _("Newest backup: {time}, {size}.").format(time=at, size=in_bytes(good.counts[BYTES]))
    age = now - (good.finished_at or good.started_at)
    if age <= timedelta(days=2):
        return [written]
    return [written, _("<b>It is {span} old.</b>").format(span=duration(age))]
