"""One run of a job in words. HTML, for messages."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.jobs import JobOutcome, JobRun
from views.html import bare, cut, esc
from views.times import date_and_time, duration

#: Telegram's cap for a message, in UTF-16 units; ours counts the tags, too, which Telegram does not
MESSAGE_MAX = 4096
#: different things one run counted that are shown
_COUNTS_MAX = 12
#: characters of what such a thing is called, and of who asked for a run
_NAME_MAX = 40

_OUTCOMES = {
    JobOutcome.SUCCEEDED: "succeeded",
    JobOutcome.FAILED: "<b>failed</b>",
    JobOutcome.TIMED_OUT: "<b>was stopped</b> at its time limit",
    JobOutcome.MISSED: "<b>was missed</b>",
    JobOutcome.SKIPPED: "was skipped",
    JobOutcome.CANCELLED: "was cancelled: its process was asked to stop",
    JobOutcome.ABANDONED: "<b>was abandoned</b>: its process vanished",
}


def size(text: str) -> int:
    """How long Telegram finds a text, in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def outcome(value: JobOutcome) -> str:
    return _OUTCOMES[value]


def ago(moment: datetime, now: datetime) -> str:
    """`20 seconds ago`; a moment a clock that was put back has left ahead of us is `0 seconds ago`."""
    return f"{duration(now - moment)} ago"


def took(run: JobRun) -> str:
    """`2 seconds`; "" for one that has not ended or never began."""
    if run.finished_at is None or run.owner is None:
        return ""
    span = run.finished_at - run.started_at
    return "less than a second" if span < timedelta(seconds=1) else duration(span)


def counts(run: JobRun) -> str:
    """`tokens 5 · users 3`, and whether more is left; "" when it counted nothing."""
    shown = list(run.counts.items())[:_COUNTS_MAX]
    words = " · ".join(f"{esc(cut(name, _NAME_MAX).replace('_', ' '))} {count:,}" for name, count in shown)
    if not run.more:
        return words
    return f"{words} · more is left for the next run" if words else "more is left for the next run"


def asked_for_by(who: int | str) -> str:
    """A person's id, or what else signed it."""
    return f"<code>{esc(cut(bare(str(who)), _NAME_MAX))}</code>"


def one_line(text: str, limit: int) -> str:
    """An error on one line, as HTML of at most `limit` characters."""
    line = " ".join(bare(text).split())
    keep = min(len(line), limit)
    while len(esc(cut(line, keep))) > limit:
        keep -= 1
    return esc(cut(line, keep)) if keep > 0 else ""


def began(run: JobRun, now: datetime, zone: ZoneInfo) -> str:
    """When it began, or was asked for."""
    return date_and_time(run.started_at, zone, now)
