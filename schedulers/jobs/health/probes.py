"""The single checks of the health check. Each has a time limit of its own, so that one that hangs hides no other."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.errors import TollgateError
from core.health.findings import BotHealth, Finding, Trouble
from core.health.rules import check_job, due_by, last_success, latest
from core.jobs import JobPlan
from database.operations import deletion_ops, incident_ops, lease_ops, run_ops
from monitoring import metrics
from monitoring.health import Ping, time_ping

log = structlog.get_logger("tollgate.health")

#: seconds each check may take
BOT_WITHIN_S = 5.0
PING_WITHIN_S = 2.0
STORE_WITHIN_S = 5.0
#: a longer ping of the database is slow, in seconds
SLOW_PING_S = 1.0
#: updates that may wait at Telegram; subscribers send a few a second, and a batch is a hundred
PENDING_MAX = 500
#: how late a delivery may be deleted
DELETION_GRACE = timedelta(minutes=5)
#: tolerated share of calls refused with 429, and the fewest calls it is computed from
FLOOD_SHARE = 0.05
CALLS_MIN = 20
#: latest runs read of each job
_RUNS = 5

#: the process that polls opens and closes the incident itself; the check only shows it
NOTIFIED_BY_POLLING = frozenset({Trouble.SECOND_POLLER})
_OF_BOTS = frozenset({Trouble.BOT_AWAY, Trouble.BOT_UNKNOWN})
_OF_ANSWERS = frozenset({Trouble.WEBHOOK_SET, Trouble.WEBHOOK_LOST, Trouble.UPDATES_WAIT})
_OF_JOBS = frozenset({Trouble.JOB_OVERDUE, Trouble.JOB_FAILED})


@dataclass(frozen=True, slots=True)
class BotStatus:
    """Telegram's answer about a bot."""

    has_webhook: bool
    pending_updates: int
    #: whether the webhook is one this product sets
    is_ours: bool = False


class BotUnavailable(Exception):
    """Telegram gave no status of a bot. The text is short and masked."""

    def __init__(self, text: str, *, is_token_unknown: bool = False) -> None:
        super().__init__(text)
        #: Telegram does not know the bot's token
        self.is_token_unknown = is_token_unknown


@dataclass(frozen=True, slots=True)
class BotProbe:
    """How to ask Telegram about one bot."""

    #: "user_bot" or "admin_bot"
    name: str
    bot_id: int
    #: calls getMe and getWebhookInfo; raises BotUnavailable
    ask: Callable[[], Awaitable[BotStatus]]
    #: whether its updates are to be posted by Telegram; False: they are polled
    is_posted: bool = False


class ChatChecker(Protocol):
    """Checks the chats in use (`health_chats.ChatChecks`)."""

    async def check_next(self, next_at: Mapping[str, datetime], now: datetime) -> dict[str, datetime]: ...


@dataclass(slots=True)
class CheckResult:
    """What one health check has found so far."""

    findings: list[Finding] = field(default_factory=list)
    bots: list[BotHealth] = field(default_factory=list)
    #: troubles that could not be checked this time: (trouble, subject), subject "" for all
    unchecked: set[tuple[Trouble, str]] = field(default_factory=set)
    database_ms: int | None = None
    deletions_overdue: int | None = None
    oldest_overdue_s: int | None = None
    succeeded_at: dict[str, datetime] = field(default_factory=dict)
    #: None when the jobs could not be checked
    due_by: dict[str, datetime] | None = None
    open_incidents: int | None = None
    unreadable: dict[str, int] | None = None
    chats_next_at: dict[str, datetime] = field(default_factory=dict)

    def add(self, trouble: Trouble, subject: str = "", amount: int = 0, detail: str = "") -> None:
        self.findings.append(Finding(trouble=trouble, subject=subject, amount=amount, detail=detail))

    def is_known(self, finding: Finding) -> bool:
        """Whether this check could have found it."""
        trouble = finding.trouble
        return (trouble, "") not in self.unchecked and (trouble, finding.subject) not in self.unchecked


async def check_bot(probe: BotProbe, result: CheckResult) -> None:
    """Ask Telegram about one bot. A webhook is a trouble when updates are polled; else it is one that none is ours."""
    started_at = time.monotonic()
    try:
        async with asyncio.timeout(BOT_WITHIN_S):
            status = await probe.ask()
    except (BotUnavailable, TimeoutError) as error:
        is_token_unknown = isinstance(error, BotUnavailable) and error.is_token_unknown
        trouble = Trouble.BOT_UNKNOWN if is_token_unknown else Trouble.BOT_AWAY
        result.add(trouble, probe.name, detail=str(error) or f"no answer within {BOT_WITHIN_S:.0f} s")
        result.bots.append(BotHealth(name=probe.name, is_ok=False))
        # the bot's other troubles could not be checked
        result.unchecked |= {(one, probe.name) for one in (_OF_BOTS | _OF_ANSWERS) - {trouble}}
        return
    if status.has_webhook and not probe.is_posted:
        result.add(Trouble.WEBHOOK_SET, probe.name)
    if probe.is_posted and not status.is_ours:
        result.add(Trouble.WEBHOOK_LOST, probe.name)
    if status.pending_updates > PENDING_MAX:
        result.add(Trouble.UPDATES_WAIT, probe.name, status.pending_updates)
    latency_ms = round((time.monotonic() - started_at) * 1000)
    result.bots.append(
        BotHealth(name=probe.name, is_ok=True, latency_ms=latency_ms, pending_updates=status.pending_updates)
    )


async def check_database(ping: Ping, result: CheckResult) -> None:
    """Ping the database and measure how long it takes."""
    took_s = await time_ping(ping, PING_WITHIN_S)
    if took_s is None:
        result.add(Trouble.DATABASE_AWAY)
        result.unchecked.add((Trouble.DATABASE_SLOW, ""))
        return
    result.database_ms = round(took_s * 1000)
    if took_s > SLOW_PING_S:
        result.add(Trouble.DATABASE_SLOW, amount=result.database_ms)


async def check_jobs(
    plans: Mapping[str, JobPlan],
    since: datetime,
    succeeded_at: Mapping[str, datetime],
    result: CheckResult,
    now: datetime,
) -> None:
    """Find overdue and failed jobs. `since`: the first check ever; `succeeded_at`: as known before this check."""
    result.succeeded_at = dict(succeeded_at)

    async def read() -> list[Finding]:
        leases = await lease_ops.find_many(tuple(plans))
        findings: list[Finding] = []
        successes: dict[str, datetime | None] = {}
        for job, plan in plans.items():
            runs = await run_ops.last_runs(_RUNS, job)
            findings += check_job(plan, runs, leases.get(job), since, now)
            successes[job] = last_success(runs)
        result.succeeded_at = known = latest(succeeded_at, successes)
        due = {job: due_by(plan, known.get(job), leases.get(job), since, now) for job, plan in plans.items()}
        result.due_by = {job: at for job, at in due.items() if at is not None}
        return findings

    await with_database(read, _OF_JOBS, result)


async def check_deletions(result: CheckResult, now: datetime) -> None:
    """Find deliveries that should have been deleted by now."""

    async def read() -> list[Finding]:
        result.deletions_overdue = await deletion_ops.count_overdue(now)
        first = await deletion_ops.next_due() if result.deletions_overdue else None
        result.oldest_overdue_s = 0 if first is None else max(0, int((now - first).total_seconds()))
        if result.oldest_overdue_s <= DELETION_GRACE.total_seconds():
            return []
        late = await deletion_ops.count_overdue(now - DELETION_GRACE)
        return [Finding(trouble=Trouble.DELETIONS_OVERDUE, amount=late)] if late else []

    await with_database(read, frozenset({Trouble.DELETIONS_OVERDUE}), result)


async def check_incidents(probes: Sequence[BotProbe], result: CheckResult) -> None:
    """Count open incidents, and find those that the polling processes have opened."""

    async def read() -> list[Finding]:
        result.open_incidents = await incident_ops.count_open()
        conflicts = [Finding(trouble=Trouble.SECOND_POLLER, subject=probe.name) for probe in probes]
        still_open = set(await incident_ops.find_open()) if result.open_incidents else set()
        return [finding for finding in conflicts if finding.incident in still_open]

    await with_database(read, NOTIFIED_BY_POLLING, result)


async def with_database(
    read: Callable[[], Awaitable[list[Finding]]], troubles: frozenset[Trouble], result: CheckResult
) -> None:
    """Add the findings of `read`; after an outage or STORE_WITHIN_S its `troubles` could not be checked."""
    try:
        async with asyncio.timeout(STORE_WITHIN_S):
            found = await read()
            result.findings += found
    except (TollgateError, TimeoutError) as error:
        log.warning(
            "health.not_checked", troubles=sorted(trouble.value for trouble in troubles), error=type(error).__name__
        )
        result.unchecked |= {(trouble, "") for trouble in troubles}


async def check_chats(checks: ChatChecker, next_at: Mapping[str, datetime], result: CheckResult, now: datetime) -> None:
    """Check a chat that is due; what is wrong with it is told by the checker itself."""
    result.chats_next_at = dict(next_at)
    try:
        # without a time limit: an alert that is cut off might be sent twice
        result.chats_next_at = await checks.check_next(next_at, now)
    except TollgateError as error:
        log.warning("health.chats_not_checked", error=type(error).__name__)


class FloodShare:
    """The share of calls Telegram refused with 429 since the last check, by this process's own counts."""

    def __init__(self, probes: Sequence[BotProbe]) -> None:
        self._probes = probes
        self._before: dict[str, tuple[float, float]] | None = None

    def check(self, result: CheckResult) -> None:
        """Compare with the counts of the last check; the first check has none and finds nothing."""
        counts = {probe.name: _calls(probe.bot_id) for probe in self._probes}
        before, self._before = self._before, counts
        for name, (calls, refused) in counts.items():
            if before is None:
                result.unchecked.add((Trouble.FLOOD, name))
                continue
            calls, refused = calls - before[name][0], refused - before[name][1]
            if calls >= CALLS_MIN and refused / calls > FLOOD_SHARE:
                result.add(Trouble.FLOOD, name, round(100 * refused / calls))


def _calls(bot_id: int) -> tuple[float, float]:
    """Return how many calls a bot made, and how many of them were answered with 429."""
    calls = refused = 0.0
    for metric in metrics.TELEGRAM_CALLS.collect():
        for sample in metric.samples:
            if sample.name.endswith("_total") and sample.labels["bot"] == str(bot_id):
                calls += sample.value
                refused += sample.value if sample.labels["outcome"] == "flood" else 0.0
    return calls, refused
