"""Health of one process: whether its database answers, and how late its event loop runs.

The job `health_check` needs the database; that the database does not answer is only detected here, in each process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.health.findings import Finding, Health, Trouble
from monitoring import metrics
from monitoring.alerts import Alerts

log = structlog.get_logger("tollgate.health")

#: seconds between two pings, and the timeout of one
PING_EVERY_S = 15.0
PING_TIMEOUT_S = 5.0
#: failed pings in a row before the owners are alerted, and answered ones in a row before the all-clear
AWAY_AFTER = 4
BACK_AFTER = 2
#: seconds of the sleep whose delay is the loop lag
LAG_EVERY_S = 1.0

#: pings the database; raises TollgateError when it does not answer
Ping = Callable[[], Awaitable[object]]

AWAY = Finding(trouble=Trouble.DATABASE_AWAY).incident


async def time_ping(ping: Ping, timeout_s: float = PING_TIMEOUT_S) -> float | None:
    """Ping once and update the metrics. Returns the seconds it took, None without an answer within `timeout_s`."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            await ping()
    except (TollgateError, TimeoutError) as error:
        log.debug("database.no_answer", error=type(error).__name__)
        metrics.DATABASE_UP.set(0)
        return None
    took_s = time.monotonic() - started
    metrics.DATABASE_UP.set(1)
    metrics.DATABASE_PING.set(took_s)
    return took_s


class DatabaseWatch:
    """Polls the database and alerts the owners when it stops answering and when it answers again.

    Each process alerts for itself: the store that processes share is in this database.
    """

    def __init__(self, ping: Ping, alerts: Alerts, away: str, back: str, clock: Clock) -> None:
        """`away` and `back` are the texts of the alerts, HTML."""
        self._ping = ping
        self._alerts = alerts
        self._away, self._back = away, back
        self._clock = clock
        self._failed = 0
        self._answered = 0

    async def run(self) -> None:
        """Poll every PING_EVERY_S, until cancelled."""
        while True:
            await self._clock.sleep(PING_EVERY_S)
            await self.poll()

    async def poll(self) -> None:
        """Ping once; raise or clear the alert after enough pings of the same result in a row."""
        if await time_ping(self._ping) is None:
            self._failed, self._answered = self._failed + 1, 0
            if self._failed >= AWAY_AFTER:
                await self._alerts.raise_once(AWAY, self._away)
            return
        self._failed, self._answered = 0, self._answered + 1
        if self._answered >= BACK_AFTER:
            await self._alerts.clear(AWAY, self._back)


async def measure_lag(clock: Clock) -> None:
    """Observe once a second how late the event loop wakes a sleeping task, until cancelled."""
    while True:
        started = clock.monotonic()
        await clock.sleep(LAG_EVERY_S)
        metrics.LOOP_LAG.observe(max(0.0, clock.monotonic() - started - LAG_EVERY_S))


def set_health_metrics(health: Health) -> None:
    """Copy the result of a health check into this process's metrics. Values it does not have stay unchanged."""
    metrics.HEALTH_CHECK_AT.set(health.at.timestamp())
    metrics.HEALTH_FINDINGS.set(len(health.findings))
    for bot in health.bots:
        metrics.TELEGRAM_UP.labels(role=bot.name).set(bot.is_ok)
        if bot.pending_updates is not None:
            metrics.PENDING_UPDATES.labels(role=bot.name).set(bot.pending_updates)
    for job, at in health.succeeded_at.items():
        metrics.JOB_LAST_SUCCESS.labels(job=job).set(at.timestamp())
    metrics.JOB_DUE_BY.clear()
    for job, at in health.due_by.items():
        metrics.JOB_DUE_BY.labels(job=job).set(at.timestamp())
        if job not in health.succeeded_at:
            metrics.JOB_LAST_SUCCESS.labels(job=job).set(0)
    if health.deletions_overdue is not None:
        metrics.PENDING_DELETIONS_OVERDUE.set(health.deletions_overdue)
    if health.oldest_overdue_s is not None:
        metrics.OLDEST_DELETION_OVERDUE.set(health.oldest_overdue_s)
    if health.unreadable is not None:
        metrics.ROWS_UNREADABLE.clear()
        for collection, count in health.unreadable.items():
            metrics.ROWS_UNREADABLE.labels(collection=collection).set(count)
    if health.open_incidents is not None:
        metrics.INCIDENTS_OPEN.set(health.open_incidents)
