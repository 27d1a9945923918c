"""WHEN each job runs, and what it is for: read by the schedulers, the CLI, the admin bot and the admin page."""

from zoneinfo import ZoneInfo

from core.jobs import JobPlan
from core.schedules import daily_at, every_full_hour, every_minute

TOKEN_CLEANUP = "token_cleanup"  # noqa: S105 - a job
TOKEN_COUNT_RESET = "token_count_reset"  # noqa: S105 - a job
MESSAGE_DELETER = "message_deleter"
BROADCAST_SENDER = "broadcast_sender"
BROADCAST_DELETER = "broadcast_deleter"
HEALTH_CHECK = "health_check"
STATISTICS = "statistics"
HOUSEKEEPING = "housekeeping"
BACKUP = "backup"

#: every job, in the order people read them; a name from outside is none unless it stands here
JOB_NAMES = (
    MESSAGE_DELETER,
    BROADCAST_SENDER,
    BROADCAST_DELETER,
    TOKEN_CLEANUP,
    TOKEN_COUNT_RESET,
    STATISTICS,
    HOUSEKEEPING,
    BACKUP,
    HEALTH_CHECK,
)


Plan = JobPlan


def timetable(zone: ZoneInfo, cleanup_hours: tuple[int, ...] = (0, 12)) -> dict[str, Plan]:
    """The plan of every job by its name, in the order of JOB_NAMES; `zone` is TIMEZONE."""
    plans = (
        Plan(MESSAGE_DELETER, "takes deliveries back when their time is up", "", every_minute(zone)),
        Plan(BROADCAST_SENDER, "sends broadcasts", "", None),
        Plan(
            BROADCAST_DELETER, "takes broadcasts back when their time is up", "", every_full_hour(zone), is_polled=True
        ),
        Plan(TOKEN_CLEANUP, "removes expired verification tokens and sessions", "", daily_at(cleanup_hours, zone)),
        Plan(TOKEN_COUNT_RESET, "removes the token counts of days gone by", "", daily_at((0,), zone)),
        Plan(STATISTICS, "counts users, deliveries and verifications of the day", "", daily_at((0, 6, 12, 18), zone)),
        Plan(HOUSEKEEPING, "removes old history and what belongs to nobody", "", daily_at((2,), zone)),
        Plan(BACKUP, "writes a backup of the database", "", daily_at((3,), zone)),
        Plan(HEALTH_CHECK, "looks at both bots, the database and the other jobs", "", every_minute(zone)),
    )
    return {plan.name: plan for plan in plans}
