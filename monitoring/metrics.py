"""The Prometheus metrics, in a registry of our own: importing has no side effects, and tests can read the values.

The label `bot` is the bot's id as text, never its token.
"""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY = CollectorRegistry(auto_describe=True)

TELEGRAM_CALLS = Counter(
    "tollgate_telegram_calls_total",
    "Bot API requests that were answered or lost; outcome is `ok` or the kind of failure",
    ["bot", "method", "outcome"],
    registry=REGISTRY,
)
SENDER_WAIT = Histogram(
    "tollgate_sender_wait_seconds",
    "Time a request waited in its lane before it was sent",
    ["bot", "lane"],
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
SENDER_RETRIES = Counter(
    "tollgate_sender_retries_total",
    "Requests retried by the sender, by the kind of failure that caused the retry",
    ["bot", "reason"],
    registry=REGISTRY,
)
SENDER_PAUSED = Counter(
    "tollgate_sender_paused_total", "Pauses requested by Telegram (429)", ["bot"], registry=REGISTRY
)
SENDER_QUEUE_DEPTH = Gauge(
    "tollgate_sender_queue_depth", "Requests waiting in a lane", ["bot", "lane"], registry=REGISTRY
)
SENDER_SHARE = Gauge(
    "tollgate_sender_share",
    "The part of the bot's calls that this process may make now; 1 is the whole ceiling",
    ["bot"],
    registry=REGISTRY,
)
DELIVERIES = Counter("tollgate_deliveries_total", "Deliveries of posts, by outcome", ["outcome"], registry=REGISTRY)
DELETIONS = Counter("tollgate_deletions_total", "Deletions of deliveries, by outcome", ["outcome"], registry=REGISTRY)
BROADCAST_RECIPIENTS = Counter(
    "tollgate_broadcast_recipients_total",
    "Recipients of broadcasts, by their final state",
    ["state"],
    registry=REGISTRY,
)
JOB_RUNS = Counter("tollgate_job_runs_total", "Finished runs of jobs", ["job", "outcome"], registry=REGISTRY)
JOB_DURATION = Histogram(
    "tollgate_job_duration_seconds",
    "Duration of a run of a job",
    ["job"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
    registry=REGISTRY,
)
JOB_LAST_SUCCESS = Gauge(
    "tollgate_job_last_success_timestamp_seconds",
    "Time of the last successful run of a job in any process, as of the last health check; 0 when it has not run yet",
    ["job"],
    registry=REGISTRY,
)
JOB_DUE_BY = Gauge(
    "tollgate_job_due_timestamp_seconds",
    "Time by which a job must have succeeded again; not there while it is paused or switched off",
    ["job"],
    registry=REGISTRY,
)
PENDING_DELETIONS_OVERDUE = Gauge(
    "tollgate_pending_deletions_overdue",
    "Pending deletions that are overdue",
    registry=REGISTRY,
)
OLDEST_DELETION_OVERDUE = Gauge(
    "tollgate_pending_deletions_oldest_overdue_seconds",
    "Seconds the oldest pending deletion is overdue, as of the last health check; 0 when none is",
    registry=REGISTRY,
)
CLEANUP_DELETED = Counter("tollgate_cleanup_deleted_total", "Documents deleted by jobs", ["kind"], registry=REGISTRY)
UPDATES_HELD = Counter(
    "tollgate_updates_held_total",
    "Updates whose handling waited until the database answered again",
    ["bot"],
    registry=REGISTRY,
)
UPDATES_POISON = Counter(
    "tollgate_updates_poison_total",
    "Updates that aiogram could not parse and that were skipped",
    ["bot"],
    registry=REGISTRY,
)
WEBHOOK_POSTS = Counter(
    "tollgate_webhook_posts_total",
    "Updates posted to this process: `taken`, to be posted `again`, `forbidden` (a wrong secret) or malformed",
    ["bot", "outcome"],
    registry=REGISTRY,
)
WEB_REFUSED = Counter(
    "tollgate_web_refused_total",
    "Requests refused by the web app: `wrong_host` (not ours), `bad_host` (malformed), `ops_token` (without OPS_TOKEN)",
    ["reason"],
    registry=REGISTRY,
)
SHORTENER_CALLS = Counter(
    "tollgate_shortener_calls_total",
    "Requests to URL shorteners; outcome is `ok` or the kind of failure",
    ["provider", "outcome"],
    registry=REGISTRY,
)
UPDATE_AGE = Histogram(
    "tollgate_update_age_seconds",
    "Age of a message when it was received; Telegram dates messages in whole seconds",
    ["bot"],
    buckets=(1, 2, 5, 10, 30, 60, 300, 3600),
    registry=REGISTRY,
)
POLLS = Gauge("tollgate_polls", "1 when this process polls, 0 when it stands by", ["bot"], registry=REGISTRY)
UNPOLLED_SINCE = Gauge(
    "tollgate_unpolled_since_timestamp_seconds",
    "Since when nobody polls the bot, as far as this process knows; 0 while somebody does",
    ["bot"],
    registry=REGISTRY,
)
#: results of the health check, which runs in one process for all; `role` is user_bot or admin_bot
TELEGRAM_UP = Gauge(
    "tollgate_telegram_up", "1 when Telegram answered for the bot in the last health check", ["role"], registry=REGISTRY
)
PENDING_UPDATES = Gauge(
    "tollgate_telegram_pending_updates",
    "Updates waiting at Telegram in the last health check",
    ["role"],
    registry=REGISTRY,
)
HEALTH_CHECK_AT = Gauge("tollgate_health_check_timestamp_seconds", "Time of the last health check", registry=REGISTRY)
HEALTH_FINDINGS = Gauge("tollgate_health_findings", "Troubles found by the last health check", registry=REGISTRY)
ROWS_UNREADABLE = Gauge(
    "tollgate_rows_unreadable",
    "Stored documents that cannot be read, as of the last health check",
    ["collection"],
    registry=REGISTRY,
)
INCIDENTS_OPEN = Gauge("tollgate_incidents_open", "Open incidents, as of the last health check", registry=REGISTRY)
DATABASE_UP = Gauge(
    "tollgate_database_up", "1 when the database answered the last ping of this process", registry=REGISTRY
)
DATABASE_PING = Gauge(
    "tollgate_database_ping_seconds", "Duration of the last answered ping of this process", registry=REGISTRY
)
DATABASE_REFUSES_WRITES = Gauge(
    "tollgate_database_refuses_writes",
    "1 when the database refused the last small write of this process",
    registry=REGISTRY,
)
CLOCKS_APART = Gauge(
    "tollgate_clocks_apart_seconds",
    "By how much this machine's clock and the database's differ",
    registry=REGISTRY,
)
LOOP_LAG = Histogram(
    "tollgate_event_loop_lag_seconds",
    "Delay with which the event loop of this process wakes a sleeping task",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
ALERTS = Counter(
    "tollgate_alerts_total",
    "Alerts; outcome is `reached` (at least one receiver) or `lost`",
    ["state", "outcome"],
    registry=REGISTRY,
)


@cache
def add_process_metrics() -> None:
    """Add memory, CPU time and open files of this process, under Prometheus's standard names. Idempotent.

    Not done at import, because it reads files.
    """
    ProcessCollector(registry=REGISTRY)
