"""The health check: examines the bots, the database and the other jobs, and notifies the owners of troubles."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from core.clock import MachineClock
from core.errors import TollgateError
from core.health.findings import Health
from core.health.rules import WatchUpdate, update_watched
from core.jobs import Counts, JobPlan
from database.connection import current_database
from database.operations import health_ops
from monitoring.alerts import Alerts
from monitoring.health import Ping, set_health_metrics
from schedulers.context import JobContext
from schedulers.jobs.health.bots import bot_probe
from schedulers.jobs.health.chats import ChatChecks
from schedulers.jobs.health.polling import PollingCheck
from schedulers.jobs.health.probes import (
    NOTIFIED_BY_POLLING,
    BotProbe,
    ChatChecker,
    CheckResult,
    FloodShare,
    check_bot,
    check_chats,
    check_database,
    check_deletions,
    check_incidents,
    check_jobs,
)
from schedulers.jobs.health.work import check_rows, check_work
from schedulers.runner import Run
from views.system import health_texts

log = structlog.get_logger("tollgate.health")


class HealthCheck:
    """Runs all checks. A trouble found twice becomes an incident; three checks without it end the incident."""

    def __init__(
        self,
        bots: Sequence[BotProbe],
        plans: Mapping[str, JobPlan],
        alerts: Alerts,
        ping: Ping,
        chats: ChatChecker,
        polling: PollingCheck,
    ) -> None:
        """`bots`: the user bot first. `plans`: of the jobs to check but its own. `ping` raises TollgateError."""
        self._bots = bots
        self._plans = plans
        self._alerts = alerts
        self._ping = ping
        self._chats = chats
        self._polling = polling
        self._flood = FloodShare(bots)
        #: the last check of this process, used while the database is away
        self._last: Health | None = None

    async def __call__(self, run: Run) -> Counts:
        now = run.now()
        before = await self._last_check(now)
        result = await self._check(run, before)
        findings = [finding for finding in result.findings if finding.trouble not in NOTIFIED_BY_POLLING]
        followed = update_watched(before.watched, findings, result.is_known)
        still_open = await self._notify(followed)
        watched = tuple(
            one for one in followed.watched if one.finding not in followed.over or one.finding in still_open
        )
        health = Health(
            at=now,
            since=before.since,
            findings=tuple(result.findings),
            watched=watched,
            bots=tuple(sorted(result.bots, key=lambda bot: bot.name)),
            database_ms=result.database_ms,
            deletions_overdue=result.deletions_overdue,
            oldest_overdue_s=result.oldest_overdue_s,
            succeeded_at=result.succeeded_at,
            due_by=before.due_by if result.due_by is None else result.due_by,
            open_incidents=result.open_incidents,
            unreadable=result.unreadable,
            chats_next_at=result.chats_next_at,
        )
        self._last = health
        set_health_metrics(health)
        await health_ops.write(health)
        return Counts({"findings": len(health.findings), "incidents": len(followed.open), "over": len(followed.over)})

    async def _last_check(self, now: datetime) -> Health:
        """Return the latest check of any process, or of this one when its own could not be written."""
        try:
            found = await health_ops.find()
        except TollgateError as error:
            log.warning("health.last_check_not_read", error=type(error).__name__)
            found = None
        known = [health for health in (found, self._last) if health is not None]
        return max(known, key=lambda health: health.at, default=Health(at=now, since=now))

    async def _check(self, run: Run, before: Health) -> CheckResult:
        result, now = CheckResult(), run.now()
        others = {job: plan for job, plan in self._plans.items() if job != run.job}
        self._flood.check(result)
        await asyncio.gather(
            *(check_bot(probe, result) for probe in self._bots),
            check_database(self._ping, result),
            check_jobs(others, before.since, before.succeeded_at, result, now),
            check_deletions(result, now),
            check_incidents(self._bots, result),
            check_work(self._bots[0].bot_id, result, now),
            self._polling.check(result),
            check_rows(result),
            check_chats(self._chats, before.chats_next_at, result, now),
        )
        return result

    async def _notify(self, followed: WatchUpdate) -> list[object]:
        """Notify the owners of new and ended troubles; return ended ones of which no owner could be notified."""
        await asyncio.gather(
            *(
                self._alerts.raise_once(finding.incident, partial(health_texts.alert, finding))
                for finding in followed.open
            )
        )
        notified = await asyncio.gather(
            *(
                self._alerts.clear(finding.incident, partial(health_texts.all_clear, finding))
                for finding in followed.over
            )
        )
        return [finding for finding, is_notified in zip(followed.over, notified, strict=True) if not is_notified]


async def _ping() -> None:
    await current_database().ping()


def create(context: JobContext) -> HealthCheck:
    telegram, owners = context.telegram_of("health_check"), context.owners_of("health_check")
    user_bot = bot_probe("user_bot", telegram.user_bot, is_posted=telegram.is_posted)
    bots = (user_bot, bot_probe("admin_bot", owners.admin_bot))
    chats = ChatChecks(telegram.user_bot, owners.admin_bot, telegram.alerts, owners.storage_channel_id)
    return HealthCheck(bots, context.plans(), telegram.alerts, _ping, chats, PollingCheck(bots, MachineClock()))
