"""What a look at the whole house finds: closed words, no sentences (those are `views.system.health_texts`)."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.records import Record

#: a look older than this says nothing about now
STALE_AFTER = timedelta(minutes=3)
#: what every incident of the check begins with; its own name follows
INCIDENT = "health"


class Trouble(StrEnum):
    """What can be wrong. A closed list."""

    #: Telegram does not answer for this bot, or not with what was asked
    BOT_AWAY = "bot_away"
    #: Telegram does not know the bot's token any more
    BOT_UNKNOWN = "bot_unknown"
    #: a webhook is set although updates are polled: they go elsewhere
    WEBHOOK_SET = "webhook_set"
    #: many updates wait at Telegram
    UPDATES_WAIT = "updates_wait"
    #: Telegram refuses a good part of the calls with 429
    FLOOD = "flood"
    DATABASE_AWAY = "database_away"
    DATABASE_SLOW = "database_slow"
    #: a job has not run for two intervals
    JOB_OVERDUE = "job_overdue"
    #: a job's last run failed or was stopped at its time limit
    JOB_FAILED = "job_failed"
    #: deliveries stay longer than people were told
    DELETIONS_OVERDUE = "deletions_overdue"


class Finding(Record):
    """One trouble of one subject."""

    trouble: Trouble
    #: a bot ("user_bot", "admin_bot") or a job by its name; "" where there is only one
    subject: str = ""
    #: how many, or how many milliseconds, or per cent: what the trouble is counted in
    amount: int = 0
    #: an error's name and text, masked and short; "" when there is none
    detail: str = ""

    @property
    def key(self) -> str:
        """Tells it apart from all others; stays the same while it goes on."""
        return f"{self.trouble}:{self.subject}" if self.subject else str(self.trouble)

    @property
    def incident(self) -> str:
        """The incident it is told as."""
        return f"{INCIDENT}:{self.key}"


class WatchedFinding(Record):
    """A finding that was seen lately, and how often: one bad moment is no incident, one good moment no end."""

    finding: Finding
    #: looks that saw it since it was last forgotten
    seen: int = 1
    #: looks in a row that did not see it
    clean: int = 0


class BotHealth(Record):
    """What Telegram said of one bot."""

    name: str
    is_ok: bool
    #: of getMe, in milliseconds; None when no answer came
    latency_ms: int | None = None
    #: updates that wait at Telegram; None when it could not be asked
    pending_updates: int | None = None


class Health(Record):
    """One look at everything. Times are aware UTC."""

    at: datetime
    #: the first look ever: before it nobody knows what ran
    since: datetime
    findings: tuple[Finding, ...] = ()
    watched: tuple[WatchedFinding, ...] = ()
    bots: tuple[BotHealth, ...] = ()
    #: of one ping, in milliseconds; None when the database did not answer
    database_ms: int | None = None
    #: promises whose time is over, and for how many seconds the oldest of them; None when it could not be counted
    deletions_overdue: int | None = None
    oldest_overdue_s: int | None = None
    #: when each job last succeeded, as far as a look has seen it
    succeeded_at: dict[str, datetime] = Field(default_factory=dict)
    open_incidents: int | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Whether it says something about `now`. A clock that was put back makes no look stale."""
        return now - self.at <= STALE_AFTER
