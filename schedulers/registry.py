"""The one table of jobs. A new job is one file in `schedulers/jobs/` and one row here.

Read by the app, the command line, the admin bot, the admin page, the alert rules and the docs. Plain data: importing it
imports no job, so no aiogram; `factory.py` makes the jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.jobs import JobPlan
from core.schedules import Both, Every, Schedule, daily_at, every_full_hour, every_minute
from core.timing.cron import Cron, read_cron_line
from core.timing.job_times import JobTimes
from views.language import N_

#: the settings that switch jobs off
JOBS_SETTING, CLEANUP_SETTING = "JOBS", "CLEANUP_ENABLED"


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job."""

    name: str
    #: see `JobPlan`
    purpose: str
    when_paused: str
    #: module of `schedulers/jobs/` whose `create(context)` makes the job
    module: str
    #: from TIMEZONE and the configured times; None: it runs only when work is due
    schedule: Callable[[ZoneInfo, JobTimes], Schedule] | None = None
    #: between ticks it also runs when its `has_work` says so
    is_polled: bool = False
    #: its module imports aiogram, its factory needs `JobContext.telegram`
    needs_telegram: bool = False
    #: longest run, or longest part of a run that reports its progress; None: that of JobContext
    time_limit: timedelta | None = None
    #: CLEANUP_ENABLED=false switches it off
    is_cleanup: bool = False
    #: jobs that end before it when they run at the same time
    after: tuple[str, ...] = ()
    #: see `JobPlan`
    summary: tuple[str, str, str] | None = None
    #: see `JobPlan`
    aliases: tuple[str, ...] = ()

    def plan(self, zone: ZoneInfo, times: JobTimes) -> JobPlan:
        """Return its plan, with the configured schedule in this zone."""
        schedule, off_by = self._schedule(zone, times), self._off_by(times)
        if off_by is not None:
            return JobPlan(
                self.name, self.purpose, self.when_paused, None, False, self.summary, self.aliases, off_by=off_by
            )
        return JobPlan(self.name, self.purpose, self.when_paused, schedule, self.is_polled, self.summary, self.aliases)

    def _schedule(self, zone: ZoneInfo, times: JobTimes) -> Schedule | None:
        line = times.lines.get(self.name)
        if line is not None:
            return Cron(line, zone)
        return None if self.schedule is None else self.schedule(zone, times)

    def _off_by(self, times: JobTimes) -> str | None:
        if self.name in times.off:
            return JOBS_SETTING
        return CLEANUP_SETTING if self.is_cleanup and not times.is_cleanup_enabled else None


def _each_minute(zone: ZoneInfo, _: JobTimes) -> Schedule:
    return every_minute(zone)


def _each_hour(zone: ZoneInfo, _: JobTimes) -> Schedule:
    return every_full_hour(zone)


def _for_tokens(zone: ZoneInfo, times: JobTimes) -> Schedule:
    hours = daily_at(times.cleanup_hours, zone)
    return hours if times.token_interval is None else Both(hours, Every(times.token_interval, zone))


def _for_sessions(zone: ZoneInfo, times: JobTimes) -> Schedule:
    return Every(times.session_interval, zone)


def _on_sundays(zone: ZoneInfo, _: JobTimes) -> Schedule:
    return Cron(read_cron_line("0 3 * * 0"), zone)


def _on_mondays(zone: ZoneInfo, _: JobTimes) -> Schedule:
    return Cron(read_cron_line("0 9 * * 1"), zone)


def _at(*hours: int) -> Callable[[ZoneInfo, JobTimes], Schedule]:
    return lambda zone, _: daily_at(hours, zone)


MESSAGE_DELETER = JobRow(
    name="message_deleter",
    purpose=N_("deletes deliveries when their time is up"),
    when_paused=N_(
        "Deliveries stay longer than subscribers were told, and Telegram deletes nothing that is older than 48 hours."
    ),
    module="message_deleter",
    schedule=_each_minute,
    needs_telegram=True,
    summary=("deleted", "Deleted 1 delivery", "Deleted {:,} deliveries"),
    aliases=("messages",),
)
BROADCAST_SENDER = JobRow(
    name="broadcast_sender",
    purpose=N_("sends broadcasts"),
    when_paused=N_("No broadcast is sent, and one that is being sent stops where it is."),
    module="broadcast_sender",
    is_polled=True,
    needs_telegram=True,
    # a run ends itself after five minutes; only waiting for an absent database makes it longer
    time_limit=timedelta(minutes=30),
    summary=("sent", "Sent to 1 subscriber", "Sent to {:,} subscribers"),
)
BROADCAST_DELETER = JobRow(
    name="broadcast_deleter",
    purpose=N_("deletes broadcasts when their time is up"),
    when_paused=N_("Broadcasts stay with subscribers, and Telegram deletes nothing that is older than 48 hours."),
    module="broadcast_deleter",
    schedule=_each_hour,
    is_polled=True,
    needs_telegram=True,
    summary=("deleted", "Deleted 1 copy", "Deleted {:,} copies"),
)
PUBLISHER = JobRow(
    name="publisher",
    purpose=N_("publishes announcements and edits published ones"),
    when_paused=N_("Nothing is published, and published announcements keep their old text and button."),
    module="announcements.publisher",
    is_polled=True,
    needs_telegram=True,
    # a run ends itself after five minutes; only waiting for an absent database makes it longer
    time_limit=timedelta(minutes=30),
    summary=("published", "Published 1 announcement", "Published {:,} announcements"),
)
ANNOUNCEMENT_DELETER = JobRow(
    name="announcement_deleter",
    purpose=N_("takes announcements out of their channels when their time is up or they are withdrawn"),
    when_paused=N_("Announcements stay in their channels, and Telegram deletes nothing that is older than 48 hours."),
    module="announcements.deleter",
    schedule=_each_minute,
    is_polled=True,
    needs_telegram=True,
    summary=("withdrawn", "Withdrew 1 announcement", "Withdrew {:,} announcements"),
)
TOKEN_CLEANUP = JobRow(
    name="token_cleanup",
    purpose=N_("removes expired unlocks"),
    when_paused=N_("Expired unlocks stay in the database."),
    module="cleaning.token_cleanup",
    schedule=_for_tokens,
    is_cleanup=True,
    summary=("deleted", "Removed 1 expired unlock", "Removed {:,} expired unlocks"),
    aliases=("tokens", "verification"),
)
SESSION_CLEANUP = JobRow(
    name="session_cleanup",
    purpose=N_("removes sessions of the admin page that are over"),
    when_paused=N_("Expired sessions stay in the database."),
    module="cleaning.session_cleanup",
    schedule=_for_sessions,
    is_cleanup=True,
    summary=("deleted", "Removed 1 expired session", "Removed {:,} expired sessions"),
    aliases=("sessions", "clearsessions"),
)
TOKEN_COUNT_RESET = JobRow(
    name="token_count_reset",
    purpose=N_("removes the unlock counts of days gone by"),
    when_paused=N_("The counts of past days stay in the database."),
    module="cleaning.token_count_reset",
    schedule=_at(0),
    is_cleanup=True,
    summary=("deleted", "Removed 1 old daily count", "Removed {:,} old daily counts"),
)
STATISTICS = JobRow(
    name="statistics",
    purpose=N_("keeps what is known of a day only at its end: active subscribers, totals"),
    when_paused=N_("Numbers are not compared with the days before, and the charts lack totals."),
    module="statistics.midnight",
    schedule=_at(0, 6, 12, 18),
    summary=("days", "Counted 1 day", "Counted {:,} days"),
    aliases=("stats",),
)
ERASER = JobRow(
    name="eraser",
    purpose=N_("deletes everything of subscribers who asked for it"),
    when_paused=N_("What a subscriber asked to be deleted is deleted only in part."),
    module="eraser",
    schedule=_at(1),
    is_polled=True,
    summary=("erased", "Erased 1 subscriber", "Erased {:,} subscribers"),
)
MONDAY_SUMMARY = JobRow(
    name="monday_summary",
    purpose=N_("tells the owners on Mondays what last week was like"),
    when_paused=N_("No summary comes on Mondays."),
    module="statistics.monday_summary",
    schedule=_on_mondays,
    needs_telegram=True,
    after=("statistics",),
    summary=("sent", "Told 1 owner", "Told {:,} owners"),
)
BACKUP = JobRow(
    name="backup",
    purpose=N_("writes a backup of the database"),
    when_paused=N_("No backup is written."),
    module="backup",
    schedule=_at(2),
    needs_telegram=True,
    # it has as long as its size needs; a page takes less than a second
    time_limit=timedelta(minutes=15),
    summary=("documents", "Backed 1 document up", "Backed {:,} documents up"),
)
HOUSEKEEPING = JobRow(
    name="housekeeping",
    purpose=N_("removes old history and what belongs to nobody"),
    when_paused=N_("Old history stays in the database, which grows."),
    module="housekeeping",
    schedule=_at(3),
    is_cleanup=True,
    after=("backup",),
    # old deliveries and runs, and subscribers who went away: one job removes them all
    aliases=("conversations", "users"),
)
DEEP_CLEANING = JobRow(
    name="deep_cleaning",
    purpose=N_("removes what the other clean-ups had no time for, and unlocks of deleted subscribers"),
    when_paused=N_("What the other clean-ups have no time for stays in the database."),
    module="cleaning.deep_cleaning",
    schedule=_on_sundays,
    # its own end comes after an hour
    time_limit=timedelta(minutes=65),
    is_cleanup=True,
    after=("backup", "housekeeping"),
)
HEALTH_CHECK = JobRow(
    name="health_check",
    purpose=N_("looks at both bots, the channels, the database and the other jobs"),
    when_paused=N_("Nobody is told when a bot, the database or a job is in trouble."),
    module="health.check",
    schedule=_each_minute,
    needs_telegram=True,
)

#: every job, in the order people read them and `run all` runs them
JOBS = (
    MESSAGE_DELETER,
    BROADCAST_SENDER,
    BROADCAST_DELETER,
    PUBLISHER,
    ANNOUNCEMENT_DELETER,
    TOKEN_CLEANUP,
    SESSION_CLEANUP,
    TOKEN_COUNT_RESET,
    STATISTICS,
    ERASER,
    MONDAY_SUMMARY,
    BACKUP,
    HOUSEKEEPING,
    DEEP_CLEANING,
    HEALTH_CHECK,
)
JOB_NAMES = tuple(row.name for row in JOBS)


def find_name(asked: str) -> str | None:
    """Return the name of the job asked for by its name or an alias; None when there is none."""
    return next((row.name for row in JOBS if asked == row.name or asked in row.aliases), None)


#: what JOBS says of a job that is not to run by itself
OFF = "off"


def plans(zone: ZoneInfo, times: JobTimes | None = None) -> dict[str, JobPlan]:
    """Return the plan of every job by its name, in the order of JOBS; `zone` is TIMEZONE."""
    return {row.name: row.plan(zone, times or JobTimes()) for row in JOBS}
