"""Results of a health check, as closed lists; the sentences about them are in `views.system.health_texts`."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.records import Record

#: a result older than this says nothing about now
STALE_AFTER = timedelta(minutes=3)
#: prefix of the names of the check's incidents
INCIDENT = "health"


class Trouble(StrEnum):
    """A kind of problem. A closed list."""

    #: Telegram does not answer for this bot, or answers with an error
    BOT_AWAY = "bot_away"
    #: Telegram does not know the bot's token
    BOT_UNKNOWN = "bot_unknown"
    #: a webhook is set although updates are polled: they are sent elsewhere
    WEBHOOK_SET = "webhook_set"
    #: the webhook that was set is gone, or another one is set: updates are not posted here
    WEBHOOK_LOST = "webhook_lost"
    #: another program polls with the bot's token and takes updates
    SECOND_POLLER = "second_poller"
    #: no process takes a bot's updates, as far as the one that says so knows
    NOBODY_POLLS = "nobody_polls"
    #: many updates wait at Telegram
    UPDATES_WAIT = "updates_wait"
    #: Telegram refuses a large share of the calls with 429
    FLOOD = "flood"
    DATABASE_AWAY = "database_away"
    DATABASE_SLOW = "database_slow"
    #: it can be read but takes no writes: nothing is delivered, nothing deleted
    DATABASE_READ_ONLY = "database_read_only"
    #: the clocks of a machine and of the database are too far apart for leases: no job begins
    CLOCKS_APART = "clocks_apart"
    #: a job has not run for two intervals
    JOB_OVERDUE = "job_overdue"
    #: a job's last run failed or was stopped at its time limit
    JOB_FAILED = "job_failed"
    #: deliveries were not deleted at the announced time
    DELETIONS_OVERDUE = "deletions_overdue"
    #: something is due, and no process does it: subject is the job, or RECOVERY
    WORK_WAITS = "work_waits"
    #: a stored document cannot be read: subject is "collection:id", or the collection of more than are named
    ROW_UNREADABLE = "row_unreadable"


#: subject of WORK_WAITS: deliveries that were interrupted, of which nobody tells the subscribers
RECOVERY = "recovery"


class Finding(Record):
    """One problem of one subject."""

    trouble: Trouble
    #: a bot ("user_bot", "admin_bot") or a job by its name; "" where there is only one
    subject: str = ""
    #: a number, milliseconds or per cent, depending on the kind
    amount: int = 0
    #: an error's name and text, masked and short; "" when there is none
    detail: str = ""

    @property
    def key(self) -> str:
        """Identifies the problem for as long as it lasts."""
        return f"{self.trouble}:{self.subject}" if self.subject else str(self.trouble)

    @property
    def incident(self) -> str:
        """The name of its incident."""
        return f"{INCIDENT}:{self.key}"


class WatchedFinding(Record):
    """A recent finding with its counts: a single check neither opens nor closes an incident."""

    finding: Finding
    #: checks that found it since it was first watched
    seen: int = 1
    #: consecutive checks that did not find it
    clean: int = 0


class BotHealth(Record):
    """Telegram's answers about one bot."""

    name: str
    is_ok: bool
    #: of getMe, in milliseconds; None when no answer came
    latency_ms: int | None = None
    #: updates that wait at Telegram; None when it did not answer
    pending_updates: int | None = None


class Health(Record):
    """The result of one health check. Times are aware UTC."""

    at: datetime
    #: the first check ever; runs before it are unknown
    since: datetime
    findings: tuple[Finding, ...] = ()
    watched: tuple[WatchedFinding, ...] = ()
    bots: tuple[BotHealth, ...] = ()
    #: latency of one ping, in milliseconds; None when the database did not answer
    database_ms: int | None = None
    #: overdue promises, and by how many seconds the oldest one is; None when they could not be counted
    deletions_overdue: int | None = None
    oldest_overdue_s: int | None = None
    #: when each job last succeeded, as far as a check has seen it
    succeeded_at: dict[str, datetime] = Field(default_factory=dict)
    #: by when each job must have succeeded again, without those that are paused, switched off or have no schedule
    due_by: dict[str, datetime] = Field(default_factory=dict)
    open_incidents: int | None = None
    #: documents that cannot be read, by collection; None when they could not be counted
    unreadable: dict[str, int] | None = None
    #: when each chat is checked next, by its id as text
    chats_next_at: dict[str, datetime] = Field(default_factory=dict)

    def is_fresh(self, now: datetime) -> bool:
        """Return whether the result is recent enough at `now`. A clock that was put back makes no result stale."""
        return now - self.at <= STALE_AFTER
