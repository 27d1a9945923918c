"""What a process watches of itself: whether its database answers, and whether its loop keeps up.

The health check, a job for the whole house, needs the database to run: that it is away only this watch can tell.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from core.errors import TollgateError
from core.health import Finding, Health, Trouble
from monitoring import metrics
from monitoring.alerts import Alerts

log = structlog.get_logger("tollgate.health")

#: seconds between two looks at the database, and how long one may take
PING_EVERY_S = 15.0
PING_WITHIN_S = 5.0
#: looks in a row that got no answer before people are told, and with an answer before they hear it is over
AWAY_AFTER = 4
BACK_AFTER = 2
#: seconds the loop is asked to sleep to see how late it wakes
LAG_EVERY_S = 1.0

#: one sign of life of the database; raises TollgateError when none comes
Ping = Callable[[], Awaitable[object]]
Sleep = Callable[[float], Awaitable[object]]

AWAY = Finding(trouble=Trouble.DATABASE_AWAY).incident


async def time_ping(ping: Ping, within_s: float = PING_WITHIN_S) -> float | None:
    """Seconds a sign of life took, also for the metrics; None when there was none in time."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(within_s):
            await ping()
    except (TollgateError, TimeoutError) as error:
        log.debug("database.no_answer", error=type(error).__name__)
        metrics.DATABASE_UP.set(0)
        return None
    took_s = time.monotonic() - began
    metrics.DATABASE_UP.set(1)
    metrics.DATABASE_PING.set(took_s)
    return took_s


class DatabaseWatch:
    """Tells people that the database is away, and that it is back. Each process for itself: there is no shared book."""

    def __init__(self, ping: Ping, alerts: Alerts, away: str, back: str, *, sleep: Sleep = asyncio.sleep) -> None:
        """`away` and `back` are what is told, HTML."""
        self._ping = ping
        self._alerts = alerts
        self._away, self._back = away, back
        self._sleep = sleep
        self._failed = 0
        self._answered = 0

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self._sleep(PING_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Ask once, and tell people if it is time to."""
        if await time_ping(self._ping) is None:
            self._failed, self._answered = self._failed + 1, 0
            if self._failed >= AWAY_AFTER:
                await self._alerts.raise_once(AWAY, self._away)
            return
        self._failed, self._answered = 0, self._answered + 1
        if self._answered >= BACK_AFTER:
            await self._alerts.clear(AWAY, self._back)


async def measure_lag(sleep: Sleep = asyncio.sleep, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Note how late the loop wakes a sleeper, once a second, until cancelled."""
    while True:
        began = monotonic()
        await sleep(LAG_EVERY_S)
        metrics.LOOP_LAG.observe(max(0.0, monotonic() - began - LAG_EVERY_S))


def show(health: Health) -> None:
    """What the last health check found, as this process's metrics."""
    metrics.HEALTH_CHECK_AT.set(health.at.timestamp())
    metrics.HEALTH_FINDINGS.set(len(health.findings))
    for bot in health.bots:
        metrics.TELEGRAM_UP.labels(role=bot.name).set(bot.is_ok)
        if bot.pending_updates is not None:
            metrics.PENDING_UPDATES.labels(role=bot.name).set(bot.pending_updates)
    for job, at in health.succeeded_at.items():
        metrics.JOB_LAST_SUCCESS.labels(job=job).set(at.timestamp())
    if health.deletions_overdue is not None:
        metrics.PENDING_DELETIONS_OVERDUE.set(health.deletions_overdue)
    if health.oldest_overdue_s is not None:
        metrics.OLDEST_DELETION_OVERDUE.set(health.oldest_overdue_s)
    if health.open_incidents is not None:
        metrics.INCIDENTS_OPEN.set(health.open_incidents)
