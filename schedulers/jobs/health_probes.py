"""What the health check asks, each question with a time limit of its own: one that hangs hides no other."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from core.errors import TollgateError
from core.health import BotHealth, Finding, Trouble
from core.health_rules import last_success, latest, look_at_job
from core.jobs import JobPlan
from database.operations import deletion_ops, incident_ops, lease_ops, run_ops
from monitoring import metrics
from monitoring.health import Ping, time_ping

log = structlog.get_logger("tollgate.health")

#: seconds each question may take
BOT_WITHIN_S = 5.0
PING_WITHIN_S = 2.0
STORE_WITHIN_S = 5.0
#: a database slower than this with a sign of life is slow, in seconds
SLOW_PING_S = 1.0
#: updates that may wait at Telegram; people send a few a second, and a batch is a hundred
PENDING_MAX = 500
#: how late a delivery may be taken back
DELETION_GRACE = timedelta(minutes=5)
#: share of refused calls that is too much, and how many calls say anything at all
FLOOD_SHARE = 0.05
CALLS_MIN = 20
#: of a job's runs, those looked at
_RUNS = 5

_OF_BOTS = frozenset({Trouble.BOT_AWAY, Trouble.BOT_UNKNOWN})
_OF_ANSWERS = frozenset({Trouble.WEBHOOK_SET, Trouble.UPDATES_WAIT})
_OF_JOBS = frozenset({Trouble.JOB_OVERDUE, Trouble.JOB_FAILED})


@dataclass(frozen=True, slots=True)
class BotLook:
    """What Telegram says of a bot."""

    has_webhook: bool
    pending_updates: int


class BotSilent(Exception):
    """Telegram did not say. `is_unknown`: it does not know the token. The text is short and masked."""

    def __init__(self, text: str, *, is_unknown: bool = False) -> None:
        super().__init__(text)
        self.is_unknown = is_unknown


@dataclass(frozen=True, slots=True)
class BotProbe:
    """One bot to be asked about."""

    #: "user_bot" or "admin_bot"
    name: str
    bot_id: int
    #: getMe and getWebhookInfo; raises BotSilent
    look: Callable[[], Awaitable[BotLook]]


@dataclass(slots=True)
class Look:
    """What the questions of one check have found so far."""

    findings: list[Finding] = field(default_factory=list)
    bots: list[BotHealth] = field(default_factory=list)
    #: troubles nothing is known of this time, of one subject or ("") of any
    unknown: set[tuple[Trouble, str]] = field(default_factory=set)
    database_ms: int | None = None
    deletions_overdue: int | None = None
    oldest_overdue_s: int | None = None
    succeeded_at: dict[str, datetime] = field(default_factory=dict)
    open_incidents: int | None = None

    def found(self, trouble: Trouble, subject: str = "", amount: int = 0, detail: str = "") -> None:
        self.findings.append(Finding(trouble=trouble, subject=subject, amount=amount, detail=detail))

    def is_known(self, finding: Finding) -> bool:
        """Whether this check could have seen it."""
        trouble = finding.trouble
        return (trouble, "") not in self.unknown and (trouble, finding.subject) not in self.unknown


async def ask_bot(probe: BotProbe, look: Look, *, is_polling: bool) -> None:
    """Both of Telegram's answers about one bot, or that there are none."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(BOT_WITHIN_S):
            said = await probe.look()
    except (BotSilent, TimeoutError) as error:
        is_unknown = isinstance(error, BotSilent) and error.is_unknown
        trouble = Trouble.BOT_UNKNOWN if is_unknown else Trouble.BOT_AWAY
        look.found(trouble, probe.name, detail=str(error) or f"no answer within {BOT_WITHIN_S:.0f} s")
        look.bots.append(BotHealth(name=probe.name, is_ok=False))
        # whether the other trouble is over cannot be told either
        look.unknown |= {(one, probe.name) for one in (_OF_BOTS | _OF_ANSWERS) - {trouble}}
        return
    if said.has_webhook and is_polling:
        look.found(Trouble.WEBHOOK_SET, probe.name)
    if said.pending_updates > PENDING_MAX:
        look.found(Trouble.UPDATES_WAIT, probe.name, said.pending_updates)
    latency_ms = round((time.monotonic() - began) * 1000)
    look.bots.append(
        BotHealth(name=probe.name, is_ok=True, latency_ms=latency_ms, pending_updates=said.pending_updates)
    )


async def ask_database(ping: Ping, look: Look) -> None:
    """A sign of life, and how long it took."""
    took_s = await time_ping(ping, PING_WITHIN_S)
    if took_s is None:
        look.found(Trouble.DATABASE_AWAY)
        look.unknown.add((Trouble.DATABASE_SLOW, ""))
        return
    look.database_ms = round(took_s * 1000)
    if took_s > SLOW_PING_S:
        look.found(Trouble.DATABASE_SLOW, amount=look.database_ms)


async def ask_jobs(
    plans: Mapping[str, JobPlan], since: datetime, succeeded_at: Mapping[str, datetime], look: Look, now: datetime
) -> None:
    """Which jobs are late, and which failed."""
    look.succeeded_at = dict(succeeded_at)

    async def ask() -> list[Finding]:
        leases = await lease_ops.standing(tuple(plans))
        findings: list[Finding] = []
        successes: dict[str, datetime | None] = {}
        for job, plan in plans.items():
            runs = await run_ops.last_runs(_RUNS, job)
            findings += look_at_job(plan, runs, leases.get(job), since, now)
            successes[job] = last_success(runs)
        look.succeeded_at = latest(succeeded_at, successes)
        return findings

    await _of_the_store(ask, _OF_JOBS, look)


async def ask_deletions(look: Look, now: datetime) -> None:
    """How late deliveries are taken back."""

    async def ask() -> list[Finding]:
        look.deletions_overdue = await deletion_ops.count_overdue(now)
        first = await deletion_ops.next_due() if look.deletions_overdue else None
        look.oldest_overdue_s = 0 if first is None else max(0, int((now - first).total_seconds()))
        if look.oldest_overdue_s <= DELETION_GRACE.total_seconds():
            return []
        late = await deletion_ops.count_overdue(now - DELETION_GRACE)
        return [Finding(trouble=Trouble.DELETIONS_OVERDUE, amount=late)] if late else []

    await _of_the_store(ask, frozenset({Trouble.DELETIONS_OVERDUE}), look)


async def ask_incidents(look: Look) -> None:
    """How many incidents are open."""

    async def ask() -> list[Finding]:
        look.open_incidents = await incident_ops.count_open()
        return []

    await _of_the_store(ask, frozenset(), look)


async def _of_the_store(ask: Callable[[], Awaitable[list[Finding]]], troubles: frozenset[Trouble], look: Look) -> None:
    try:
        async with asyncio.timeout(STORE_WITHIN_S):
            look.findings += await ask()
    except (TollgateError, TimeoutError) as error:
        log.warning(
            "health.not_asked", troubles=sorted(trouble.value for trouble in troubles), error=type(error).__name__
        )
        look.unknown |= {(trouble, "") for trouble in troubles}


class FloodShare:
    """The share of calls Telegram refused since the last look, by this process's own counts."""

    def __init__(self, probes: Sequence[BotProbe]) -> None:
        self._probes = probes
        self._before: dict[str, tuple[float, float]] | None = None

    def look(self, look: Look) -> None:
        """Compare with the last time; the first time there is nothing to compare with."""
        counts = {probe.name: _calls(probe.bot_id) for probe in self._probes}
        before, self._before = self._before, counts
        for name, (calls, refused) in counts.items():
            if before is None:
                look.unknown.add((Trouble.FLOOD, name))
                continue
            calls, refused = calls - before[name][0], refused - before[name][1]
            if calls >= CALLS_MIN and refused / calls > FLOOD_SHARE:
                look.found(Trouble.FLOOD, name, round(100 * refused / calls))


def _calls(bot_id: int) -> tuple[float, float]:
    """All calls of a bot, and those answered with 429."""
    calls = refused = 0.0
    for metric in metrics.TELEGRAM_CALLS.collect():
        for sample in metric.samples:
            if sample.name.endswith("_total") and sample.labels["bot"] == str(bot_id):
                calls += sample.value
                refused += sample.value if sample.labels["outcome"] == "flood" else 0.0
    return calls, refused
