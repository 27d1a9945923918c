"""Health of one process: whether its database answers, and how late its event loop runs.

The job `health_check` needs the database; that the database does not answer is only detected here, in each process.
"""

import asyncio
import platform
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import TollgateError
from core.health.clocks import is_too_far
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
#: seconds between two small writes, and between two comparisons of the clocks; while writes are refused, every poll
SLOW_POLL_EVERY_S = 60.0
#: refused small writes in a row before the owners are alerted, and taken ones in a row before the all-clear
REFUSED_AFTER = 3
TAKEN_AFTER = 2
#: comparisons in a row that must find the clocks close before the all-clear
CLOSE_AFTER = 3
#: seconds of the sleep whose delay is the loop lag
LAG_EVERY_S = 1.0

#: pings the database; raises TollgateError when it does not answer
Ping = Callable[[], Awaitable[object]]

_AWAY = Finding(trouble=Trouble.DATABASE_AWAY)


class Writes(Protocol):
    """Whether the database takes writes (`database.writes.Writes`)."""

    #: why the last one was refused; None: it takes them, as far as is known
    refused: str | None

    async def check(self) -> str | None:
        """Try a small write; return why it was refused. Raises TollgateError when that cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class WatchedStore:
    """What the watch asks of the database."""

    ping: Ping
    writes: Writes
    #: returns by how much the server's clock is ahead; raises TollgateError
    compare_clocks: Callable[[], Awaitable[timedelta]]


class Texts(Protocol):
    """The texts of alerts, HTML (`views.system.health_texts`)."""

    def alert(self, finding: Finding) -> str: ...

    def all_clear(self, finding: Finding) -> str: ...


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
    """Polls the database and alerts the owners when it stops answering, refuses writes, or has another time.

    And when that is over. Each process alerts for itself, from memory: the store that processes share is in this
    database.
    """

    def __init__(self, store: WatchedStore, alerts: Alerts, texts: Texts, clock: Clock) -> None:
        self._store = store
        self._alerts = alerts
        self._texts = texts
        self._clock = clock
        self._away = _Streak(AWAY_AFTER, BACK_AFTER)
        self._refused = _Streak(REFUSED_AFTER, TAKEN_AFTER)
        self._apart = _Streak(1, CLOSE_AFTER)
        self._slow_poll_at: float | None = None

    async def run(self) -> None:
        """Poll every PING_EVERY_S, until cancelled."""
        while True:
            await self._clock.sleep(PING_EVERY_S)
            await self.poll()

    async def poll(self) -> None:
        """Ping once; while it answers, try a small write and compare the clocks once a minute."""
        is_answered = await time_ping(self._store.ping) is not None
        await self._tell(_AWAY, self._away.note(is_bad=not is_answered))
        if not is_answered:
            return
        now = self._clock.monotonic()
        is_due = self._slow_poll_at is None or now - self._slow_poll_at >= SLOW_POLL_EVERY_S
        if is_due or self._store.writes.refused is not None or self._refused.is_bad:
            await self._try_write()
        if is_due:
            self._slow_poll_at = now
            await self._compare_clocks()

    async def _try_write(self) -> None:
        try:
            why = await self._store.writes.check()
        except TollgateError as error:
            # a primary that is gone, or one without a majority
            why = str(error)
        metrics.DATABASE_REFUSES_WRITES.set(why is not None)
        if why is not None:
            log.warning("database.takes_no_writes", error=why)
        finding = Finding(trouble=Trouble.DATABASE_READ_ONLY, detail=why or "")
        await self._tell(finding, self._refused.note(is_bad=why is not None))

    async def _compare_clocks(self) -> None:
        try:
            ahead = await self._store.compare_clocks()
        except TollgateError as error:
            log.warning("clock.not_compared", error=type(error).__name__)
            return
        metrics.CLOCKS_APART.set(abs(ahead.total_seconds()))
        # each machine has a clock of its own
        machine, apart_s = platform.node(), round(abs(ahead).total_seconds())
        finding = Finding(trouble=Trouble.CLOCKS_APART, subject=machine, amount=apart_s)
        await self._tell(finding, self._apart.note(is_bad=is_too_far(ahead)))

    async def _tell(self, finding: Finding, is_bad: bool | None) -> None:
        """Raise or clear the alert; None: it is not decided yet."""
        if is_bad:
            await self._alerts.raise_once(finding.incident, partial(self._texts.alert, finding))
        elif is_bad is not None:
            await self._alerts.clear(finding.incident, partial(self._texts.all_clear, finding))


class _Streak:
    """Counts results of the same kind in a row."""

    def __init__(self, bad_after: int, good_after: int) -> None:
        self._bad_after, self._good_after = bad_after, good_after
        self._bad = self._good = 0

    @property
    def is_bad(self) -> bool:
        """Whether the last result was bad."""
        return self._bad > 0

    def note(self, *, is_bad: bool) -> bool | None:
        """Return whether it has been bad for long enough; False: good for long enough, None: neither."""
        self._bad, self._good = (self._bad + 1, 0) if is_bad else (0, self._good + 1)
        if self._bad >= self._bad_after:
            return True
        return False if self._good >= self._good_after else None


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
