"""The one table of jobs. A new job is one file in `schedulers/jobs/` and one row here.

Read by the app, the command line, the admin bot, the admin page, the alert rules and the docs. Plain data: importing it
imports no job, so no aiogram; `factory.py` makes the jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.jobs import JobPlan
from core.schedules import Schedule, daily_at, every_full_hour, every_minute

#: TOKEN_CLEANUP_HOUR unless the configuration says otherwise
CLEANUP_HOURS = (0, 12)


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job."""

    name: str
    #: see `JobPlan`
    purpose: str
    when_paused: str
    #: module of `schedulers/jobs/` whose `create(context)` makes the job
    module: str
    #: from TIMEZONE and TOKEN_CLEANUP_HOUR; None: it runs only when work is due
    schedule: Callable[[ZoneInfo, tuple[int, ...]], Schedule] | None = None
    #: between ticks it also runs when its `has_work` says so
    is_polled: bool = False
    #: its module imports aiogram, its factory needs `JobContext.telegram`
    needs_telegram: bool = False
    #: longest run; None: that of JobContext
    time_limit: timedelta | None = None
    #: see `JobPlan`
    summary: tuple[str, str, str] | None = None
    #: see `JobPlan`
    aliases: tuple[str, ...] = ()

    def plan(self, zone: ZoneInfo, cleanup_hours: tuple[int, ...]) -> JobPlan:
        """Return its plan, with the schedule in this zone."""
        schedule = None if self.schedule is None else self.schedule(zone, cleanup_hours)
        return JobPlan(self.name, self.purpose, self.when_paused, schedule, self.is_polled, self.summary, self.aliases)


def _each_minute(zone: ZoneInfo, _: tuple[int, ...]) -> Schedule:
    return every_minute(zone)


def _each_hour(zone: ZoneInfo, _: tuple[int, ...]) -> Schedule:
    return every_full_hour(zone)


def _at_cleanup_hours(zone: ZoneInfo, cleanup_hours: tuple[int, ...]) -> Schedule:
    return daily_at(cleanup_hours, zone)


def _at(*hours: int) -> Callable[[ZoneInfo, tuple[int, ...]], Schedule]:
    return lambda zone, _: daily_at(hours, zone)


MESSAGE_DELETER = JobRow(
    name="message_deleter",
    purpose="deletes deliveries when their time is up",
    when_paused=(
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
    purpose="sends broadcasts",
    when_paused="No broadcast is sent, and one that is being sent stops where it is.",
    module="broadcast_sender",
    is_polled=True,
    needs_telegram=True,
    # a run ends itself after five minutes; only waiting for an absent database makes it longer
    time_limit=timedelta(minutes=30),
    summary=("sent", "Sent to 1 subscriber", "Sent to {:,} subscribers"),
)
BROADCAST_DELETER = JobRow(
    name="broadcast_deleter",
    purpose="deletes broadcasts when their time is up",
    when_paused="Broadcasts stay with subscribers, and Telegram deletes nothing that is older than 48 hours.",
    module="broadcast_deleter",
    schedule=_each_hour,
    is_polled=True,
    needs_telegram=True,
    summary=("deleted", "Deleted 1 copy", "Deleted {:,} copies"),
)
PUBLISHER = JobRow(
    name="publisher",
    purpose="publishes announcements and edits published ones",
    when_paused="Nothing is published, and published announcements keep their old text and button.",
    module="announcements.publisher",
    is_polled=True,
    needs_telegram=True,
    # a run ends itself after five minutes; only waiting for an absent database makes it longer
    time_limit=timedelta(minutes=30),
    summary=("published", "Published 1 announcement", "Published {:,} announcements"),
)
ANNOUNCEMENT_DELETER = JobRow(
    name="announcement_deleter",
    purpose="takes announcements out of their channels when their time is up or they are withdrawn",
    when_paused="Announcements stay in their channels, and Telegram deletes nothing that is older than 48 hours.",
    module="announcements.deleter",
    schedule=_each_minute,
    is_polled=True,
    needs_telegram=True,
    summary=("withdrawn", "Withdrew 1 announcement", "Withdrew {:,} announcements"),
)
TOKEN_CLEANUP = JobRow(
    name="token_cleanup",
    purpose="removes expired unlocks and sessions",
    when_paused="Expired unlocks stay in the database.",
    module="token_cleanup",
    schedule=_at_cleanup_hours,
    summary=("deleted", "Removed 1 expired unlock", "Removed {:,} expired unlocks"),
    aliases=("tokens", "verification", "sessions", "clearsessions"),
)
TOKEN_COUNT_RESET = JobRow(
    name="token_count_reset",
    purpose="removes the unlock counts of days gone by",
    when_paused="The counts of past days stay in the database.",
    module="token_count_reset",
    schedule=_at(0),
    summary=("deleted", "Removed 1 old daily count", "Removed {:,} old daily counts"),
)
STATISTICS = JobRow(
    name="statistics",
    purpose="counts subscribers, deliveries and unlocks of the day",
    when_paused="/stats and the charts stand still.",
    module="statistics",
    schedule=_at(0, 6, 12, 18),
    summary=("days", "Counted 1 day", "Counted {:,} days"),
    aliases=("stats",),
)
HOUSEKEEPING = JobRow(
    name="housekeeping",
    purpose="removes old history and what belongs to nobody",
    when_paused="Old history stays in the database, which grows.",
    module="housekeeping",
    schedule=_at(2),
    # old deliveries and runs, and subscribers who went away: one job removes them all
    aliases=("conversations", "users"),
)
BACKUP = JobRow(
    name="backup",
    purpose="writes a backup of the database",
    when_paused="No backup is written.",
    module="backup",
    schedule=_at(3),
    needs_telegram=True,
    # two million documents take about ten minutes
    time_limit=timedelta(hours=1),
    summary=("documents", "Backed 1 document up", "Backed {:,} documents up"),
)
HEALTH_CHECK = JobRow(
    name="health_check",
    purpose="looks at both bots, the channels, the database and the other jobs",
    when_paused="Nobody is told when a bot, the database or a job is in trouble.",
    module="health_check",
    schedule=_each_minute,
    needs_telegram=True,
)

#: every job, in the order people read them
JOBS = (
    MESSAGE_DELETER,
    BROADCAST_SENDER,
    BROADCAST_DELETER,
    PUBLISHER,
    ANNOUNCEMENT_DELETER,
    TOKEN_CLEANUP,
    TOKEN_COUNT_RESET,
    STATISTICS,
    HOUSEKEEPING,
    BACKUP,
    HEALTH_CHECK,
)
JOB_NAMES = tuple(row.name for row in JOBS)


def find_name(asked: str) -> str | None:
    """Return the name of the job asked for by its name or an alias; None when there is none."""
    return next((row.name for row in JOBS if asked == row.name or asked in row.aliases), None)


def plans(zone: ZoneInfo, cleanup_hours: tuple[int, ...] = CLEANUP_HOURS) -> dict[str, JobPlan]:
    """Return the plan of every job by its name, in the order of JOBS; `zone` is TIMEZONE."""
    return {row.name: row.plan(zone, cleanup_hours) for row in JOBS}
