"""WHAT the health check does: looks at the bots, the database and the other jobs, and tells people what is wrong."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from core.errors import TollgateError
from core.health import Health
from core.health_rules import Followed, follow
from core.jobs import Counts, JobPlan
from database.connection import current_database
from database.operations import health_ops
from monitoring.alerts import Alerts
from monitoring.health import Ping, show
from schedulers.context import JobContext
from schedulers.jobs.health_bots import bot_probe
from schedulers.jobs.health_probes import (
    BotProbe,
    FloodShare,
    Look,
    ask_bot,
    ask_database,
    ask_deletions,
    ask_incidents,
    ask_jobs,
)
from schedulers.runner import Run
from views.system import health_texts

log = structlog.get_logger("tollgate.health")


class HealthCheck:
    """One look at everything; what is wrong twice becomes an incident, what is right three times ends it."""

    def __init__(
        self,
        bots: Sequence[BotProbe],
        plans: Mapping[str, JobPlan],
        alerts: Alerts,
        ping: Ping,
        *,
        is_polling: bool = True,
    ) -> None:
        """`plans` are those of the jobs that run somewhere, its own is left out. `ping` raises TollgateError."""
        self._bots = bots
        self._plans = plans
        self._alerts = alerts
        self._ping = ping
        self._is_polling = is_polling
        self._flood = FloodShare(bots)
        #: what to go by while the database is away
        self._last: Health | None = None

    async def __call__(self, run: Run) -> Counts:
        now = run.now()
        before = await self._remembered(now)
        look = await self._look(run, before)
        followed = follow(before.watched, look.findings, look.is_known)
        still_open = await self._tell(followed)
        watched = tuple(
            one for one in followed.watched if one.finding not in followed.over or one.finding in still_open
        )
        health = Health(
            at=now,
            since=before.since,
            findings=tuple(look.findings),
            watched=watched,
            bots=tuple(sorted(look.bots, key=lambda bot: bot.name)),
            database_ms=look.database_ms,
            deletions_overdue=look.deletions_overdue,
            oldest_overdue_s=look.oldest_overdue_s,
            succeeded_at=look.succeeded_at,
            open_incidents=look.open_incidents,
        )
        self._last = health
        show(health)
        await health_ops.write(health)
        return Counts({"findings": len(health.findings), "incidents": len(followed.open), "over": len(followed.over)})

    async def _remembered(self, now: datetime) -> Health:
        """The last look of any process, or this one's own that could not be written."""
        try:
            found = await health_ops.find()
        except TollgateError as error:
            log.warning("health.not_remembered", error=type(error).__name__)
            found = None
        known = [health for health in (found, self._last) if health is not None]
        return max(known, key=lambda health: health.at, default=Health(at=now, since=now))

    async def _look(self, run: Run, before: Health) -> Look:
        look, now = Look(), run.now()
        others = {job: plan for job, plan in self._plans.items() if job != run.job}
        self._flood.look(look)
        await asyncio.gather(
            *(ask_bot(probe, look, is_polling=self._is_polling) for probe in self._bots),
            ask_database(self._ping, look),
            ask_jobs(others, before.since, before.succeeded_at, look, now),
            ask_deletions(look, now),
            ask_incidents(look),
        )
        return look

    async def _tell(self, followed: Followed) -> list[object]:
        """Tell people what began and what is over; returns what is over and could not be told."""
        await asyncio.gather(
            *(self._alerts.raise_once(finding.incident, health_texts.alert(finding)) for finding in followed.open)
        )
        is_over = await asyncio.gather(
            *(self._alerts.clear(finding.incident, health_texts.all_clear(finding)) for finding in followed.over)
        )
        return [finding for finding, told in zip(followed.over, is_over, strict=True) if not told]


async def _ping() -> None:
    await current_database().ping()


def create(context: JobContext) -> HealthCheck:
    telegram, owners = context.telegram_of("health_check"), context.owners_of("health_check")
    bots = (bot_probe("user_bot", telegram.user_bot), bot_probe("admin_bot", owners.admin_bot))
    return HealthCheck(bots, context.plans(), telegram.alerts, _ping)
