"""What Tollgate counts. On a registry of its own, so that importing is silent and tests can read it.

The `bot` label is the bot's id as text, never its token.
"""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY = CollectorRegistry(auto_describe=True)

TELEGRAM_CALLS = Counter(
    "tollgate_telegram_calls_total",
    "Requests answered by Telegram, or lost on the way; outcome is `ok` or the kind of failure",
    ["bot", "method", "outcome"],
    registry=REGISTRY,
)
SENDER_WAIT = Histogram(
    "tollgate_sender_wait_seconds",
    "How long a request waited for its turn before it left",
    ["bot", "lane"],
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
SENDER_RETRIES = Counter(
    "tollgate_sender_retries_total",
    "Requests repeated by the sender, by the kind of failure before",
    ["bot", "reason"],
    registry=REGISTRY,
)
SENDER_PAUSED = Counter("tollgate_sender_paused_total", "Pauses Telegram asked for (429)", ["bot"], registry=REGISTRY)
SENDER_QUEUE_DEPTH = Gauge(
    "tollgate_sender_queue_depth", "Requests waiting for their turn", ["bot", "lane"], registry=REGISTRY
)
DELIVERIES = Counter("tollgate_deliveries_total", "Posts handed over", ["outcome"], registry=REGISTRY)
DELETIONS = Counter("tollgate_deletions_total", "Deliveries taken back", ["outcome"], registry=REGISTRY)
BROADCAST_RECIPIENTS = Counter(
    "tollgate_broadcast_recipients_total",
    "Recipients of broadcasts by what became of them",
    ["state"],
    registry=REGISTRY,
)
JOB_RUNS = Counter("tollgate_job_runs_total", "Ended runs of jobs", ["job", "outcome"], registry=REGISTRY)
JOB_DURATION = Histogram(
    "tollgate_job_duration_seconds",
    "How long a run of a job took",
    ["job"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
    registry=REGISTRY,
)
JOB_LAST_SUCCESS = Gauge(
    "tollgate_job_last_success_timestamp_seconds",
    "When a job last succeeded in any process, as the health check has seen it",
    ["job"],
    registry=REGISTRY,
)
PENDING_DELETIONS_OVERDUE = Gauge(
    "tollgate_pending_deletions_overdue", "Promises to delete whose time is over", registry=REGISTRY
)
OLDEST_DELETION_OVERDUE = Gauge(
    "tollgate_pending_deletions_oldest_overdue_seconds",
    "For how long the oldest promise to delete has been due, as the health check has seen it; 0 when none is",
    registry=REGISTRY,
)
CLEANUP_DELETED = Counter("tollgate_cleanup_deleted_total", "Documents removed by jobs", ["kind"], registry=REGISTRY)
UPDATES_HELD = Counter(
    "tollgate_updates_held_total", "Updates held back until the database answers", ["bot"], registry=REGISTRY
)
UPDATES_POISON = Counter(
    "tollgate_updates_poison_total", "Updates aiogram could not read, skipped", ["bot"], registry=REGISTRY
)
SHORTENER_CALLS = Counter(
    "tollgate_shortener_calls_total",
    "Links asked of URL shorteners; outcome is `ok` or the kind of failure",
    ["provider", "outcome"],
    registry=REGISTRY,
)
UPDATE_AGE = Histogram(
    "tollgate_update_age_seconds",
    "How old a message was when it came in; Telegram dates them in whole seconds",
    ["bot"],
    buckets=(1, 2, 5, 10, 30, 60, 300, 3600),
    registry=REGISTRY,
)
#: of the health check, which runs in one process for all: `role` is user_bot or admin_bot
TELEGRAM_UP = Gauge(
    "tollgate_telegram_up", "1 when Telegram answered for the bot at the last health check", ["role"], registry=REGISTRY
)
PENDING_UPDATES = Gauge(
    "tollgate_telegram_pending_updates",
    "Updates that waited at Telegram at the last health check",
    ["role"],
    registry=REGISTRY,
)
HEALTH_CHECK_AT = Gauge(
    "tollgate_health_check_timestamp_seconds", "When everything was last looked at", registry=REGISTRY
)
HEALTH_FINDINGS = Gauge("tollgate_health_findings", "Troubles the last health check found", registry=REGISTRY)
INCIDENTS_OPEN = Gauge(
    "tollgate_incidents_open", "Incidents that are not over, as of the last health check", registry=REGISTRY
)
DATABASE_UP = Gauge("tollgate_database_up", "1 when the database answered this process's last ping", registry=REGISTRY)
DATABASE_PING = Gauge(
    "tollgate_database_ping_seconds", "How long the last ping of this process that was answered took", registry=REGISTRY
)
LOOP_LAG = Histogram(
    "tollgate_event_loop_lag_seconds",
    "How much later than wanted this process's event loop wakes a sleeper",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
ALERTS = Counter(
    "tollgate_alerts_total", "Alerts sent; outcome is `reached` or `lost`", ["state", "outcome"], registry=REGISTRY
)


@cache
def add_process_metrics() -> None:
    """Memory, processor time and open files of this process, under Prometheus's own names. May be repeated.

    Not at import: it reads files.
    """
    ProcessCollector(registry=REGISTRY)
