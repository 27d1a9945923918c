"""The health check: each trouble is found, owners are notified at the second check, and of its end after three."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from core.errors import StoreUnavailable, TollgateError
from core.health.findings import Finding, Health, Trouble
from core.jobs import JobOutcome, JobPlan, RunReport
from database.connection import Database
from database.operations import deletion_ops, delivery_ops, health_ops, incident_ops, lease_ops, run_ops
from database.operations.delivery_ops import NewDelivery
from monitoring import metrics
from monitoring.alerts import Alerts, Words
from schedulers import registry
from schedulers.jobs.health import probes as health_probes
from schedulers.jobs.health.check import HealthCheck
from schedulers.jobs.health.polling import PollingCheck
from schedulers.jobs.health.probes import CALLS_MIN, PENDING_MAX, BotProbe, BotStatus, BotUnavailable
from schedulers.runner import Run
from views.system import health_texts

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLANS = registry.plans(ZoneInfo("UTC"))
BACKUP, BROADCAST_SENDER = registry.BACKUP.name, registry.BROADCAST_SENDER.name
HEALTH_CHECK, MESSAGE_DELETER = registry.HEALTH_CHECK.name, registry.MESSAGE_DELETER.name
#: no other test's bots
USER_BOT, ADMIN_BOT = 91002, 91001


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


class BotAtTelegram:
    """Telegram's answers about one bot."""

    def __init__(self) -> None:
        self.answer = BotStatus(has_webhook=False, pending_updates=0)
        self.error: BotUnavailable | None = None
        self.hangs = False

    async def ask(self) -> BotStatus:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.answer


class Chats:
    """The chats in use; a test may replace what checking one does."""

    def __init__(self) -> None:
        self.next_at: dict[str, datetime] = {}
        self.seen: list[Mapping[str, datetime]] = []
        self.error: TollgateError | None = None

    async def check_next(self, next_at: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
        self.seen.append(next_at)
        if self.error is not None:
            raise self.error
        return self.next_at


class CheckedHouse:
    """One database, both bots at Telegram, the owners, and the health check of the current process."""

    def __init__(self, db: Database, clock: ManualClock) -> None:
        self.db, self.clock = db, clock
        self.user, self.admin = BotAtTelegram(), BotAtTelegram()
        self.chats = Chats()
        self.alerts: list[str] = []
        self.are_reached = True
        self.is_posted = False
        #: a job without ticks is never overdue
        self.plans: dict[str, JobPlan] = {BROADCAST_SENDER: PLANS[BROADCAST_SENDER]}
        self.restart()

    async def notify(self, words: Words) -> bool:
        self.alerts.append(words())
        return self.are_reached

    def restart(self) -> None:
        """Replace the process by a new one."""
        bots = (
            BotProbe("user_bot", USER_BOT, self.user.ask, self.is_posted),
            BotProbe("admin_bot", ADMIN_BOT, self.admin.ask),
        )
        alerts = Alerts(self.notify, store=incident_ops, clock=self.clock)
        self.check = HealthCheck(bots, self.plans, alerts, self.db.ping, self.chats, PollingCheck(bots, self.clock))

    def make_run(self) -> Run:
        return Run(self.clock, "me", HEALTH_CHECK)

    async def run_check(self, times: int = 1) -> Health:
        """Run so many checks, a minute apart; return what the last one stored."""
        for _ in range(times):
            self.clock.move(MINUTE)
            await self.check(self.make_run())
        found = await health_ops.find()
        assert found is not None
        return found

    async def troubles(self) -> set[str]:
        return {finding.key for finding in (await self.run_check()).findings}


@pytest.fixture
def house(db: Database, clock: ManualClock) -> CheckedHouse:
    return CheckedHouse(db, clock)


def refuse(operation: str, collection: str) -> None:
    raise AutoReconnect("no server")


async def test_without_troubles_the_check_is_stored_and_no_owner_notified(house: CheckedHouse) -> None:
    house.user.answer = BotStatus(has_webhook=False, pending_updates=3)
    health = await house.run_check(5)
    assert (health.findings, health.watched, house.alerts) == ((), (), [])
    assert (health.at, health.since) == (NOW + 5 * MINUTE, NOW + MINUTE)
    assert [(bot.name, bot.is_ok, bot.pending_updates) for bot in health.bots] == [
        ("admin_bot", True, 0),
        ("user_bot", True, 3),
    ]
    assert health.database_ms is not None
    assert (health.deletions_overdue, health.oldest_overdue_s, health.open_incidents) == (0, 0, 0)


async def test_owners_are_notified_at_the_second_check_with_a_trouble_and_after_three_without(
    house: CheckedHouse,
) -> None:
    house.user.error = BotUnavailable("OSError: no way")
    await house.run_check()
    assert house.alerts == []
    await house.run_check(4)
    trouble = Finding(trouble=Trouble.BOT_AWAY, subject="user_bot", detail="OSError: no way")
    assert house.alerts == [health_texts.alert(trouble)]
    house.user.error = None
    await house.run_check(2)
    assert len(house.alerts) == 1
    health = await house.run_check(3)
    assert house.alerts[1:] == [health_texts.all_clear(trouble)]
    assert health.watched == ()


async def test_a_trouble_that_comes_and_goes_is_one_incident(house: CheckedHouse) -> None:
    for _ in range(10):
        house.user.error = BotUnavailable("x")
        await house.run_check()
        house.user.error = None
        await house.run_check(2)
    assert len(house.alerts) == 1
    await house.run_check(5)
    assert len(house.alerts) == 2


async def test_another_process_continues_from_the_stored_check(house: CheckedHouse) -> None:
    house.user.error = BotUnavailable("x")
    for _ in range(4):
        house.restart()
        await house.run_check()
    assert len(house.alerts) == 1
    house.user.error = None
    for _ in range(4):
        house.restart()
        await house.run_check()
    assert len(house.alerts) == 2


async def test_a_notification_that_reaches_no_owner_is_repeated_each_minute(house: CheckedHouse) -> None:
    house.user.error, house.are_reached = BotUnavailable("x"), False
    await house.run_check(3)
    assert len(house.alerts) == 2
    house.are_reached = True
    await house.run_check(2)
    assert len(house.alerts) == 3
    house.user.error, house.are_reached = None, False
    await house.run_check(4)
    assert len(house.alerts) == 5
    house.are_reached = True
    health = await house.run_check(2)
    assert len(house.alerts) == 6
    assert health.watched == ()


async def test_a_bot_that_does_not_answer_hides_no_other_finding(
    house: CheckedHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_probes, "BOT_WITHIN_S", 0.01)
    house.user.hangs = True
    house.admin.answer = BotStatus(has_webhook=True, pending_updates=0)
    async with asyncio.timeout(5):
        health = await house.run_check()
    assert {finding.key for finding in health.findings} == {"bot_away:user_bot", "webhook_set:admin_bot"}
    assert [bot.is_ok for bot in health.bots] == [True, False]
    assert health.database_ms is not None


async def test_a_token_unknown_to_telegram_is_a_trouble_of_its_own(house: CheckedHouse) -> None:
    house.admin.error = BotUnavailable("Unauthorized", is_token_unknown=True)
    assert await house.troubles() == {"bot_unknown:admin_bot"}


async def test_while_a_bot_gives_no_status_its_other_troubles_are_not_over(house: CheckedHouse) -> None:
    house.user.answer = BotStatus(has_webhook=True, pending_updates=0)
    await house.run_check(2)
    house.user.error = BotUnavailable("x")
    await house.run_check(5)
    assert len(house.alerts) == 2
    assert "again" not in "".join(house.alerts)


async def test_a_webhook_that_is_wanted_is_a_trouble_when_it_is_gone_or_another_ones(house: CheckedHouse) -> None:
    house.is_posted = True
    house.restart()
    house.user.answer = BotStatus(has_webhook=True, pending_updates=0, is_ours=True)
    assert await house.troubles() == set()
    house.user.answer = BotStatus(has_webhook=True, pending_updates=0)
    assert await house.troubles() == {"webhook_lost:user_bot"}
    house.user.answer = BotStatus(has_webhook=False, pending_updates=0)
    assert await house.troubles() == {"webhook_lost:user_bot"}


@pytest.mark.parametrize(("waiting", "is_bad"), [(PENDING_MAX, False), (PENDING_MAX + 1, True)])
async def test_too_many_waiting_updates_are_found(house: CheckedHouse, waiting: int, is_bad: bool) -> None:
    house.user.answer = BotStatus(has_webhook=False, pending_updates=waiting)
    assert await house.troubles() == ({"updates_wait:user_bot"} if is_bad else set())


async def test_owners_are_notified_of_a_job_that_does_not_run_and_of_its_return(house: CheckedHouse) -> None:
    house.plans |= {name: PLANS[name] for name in (MESSAGE_DELETER, HEALTH_CHECK)}
    house.restart()
    await house.run_check(4)
    assert house.alerts == []
    await house.run_check(4)
    late = Finding(trouble=Trouble.JOB_OVERDUE, subject=MESSAGE_DELETER)
    assert house.alerts == [health_texts.alert(late)]
    for _ in range(5):
        await run_ops.start_run(MESSAGE_DELETER, None, "a", house.clock.now())
        await house.run_check()
    assert house.alerts[1:] == [health_texts.all_clear(late)]


async def test_a_paused_job_is_no_trouble(house: CheckedHouse) -> None:
    house.plans |= {MESSAGE_DELETER: PLANS[MESSAGE_DELETER]}
    house.restart()
    await lease_ops.pause(MESSAGE_DELETER, NOW, 501)
    await house.run_check(10)
    assert house.alerts == []


async def add_run(house: CheckedHouse, job: str, outcome: JobOutcome, error: str | None = None) -> None:
    now = house.clock.now()
    row = await run_ops.start_run(job, None, "a", now)
    assert row is not None
    await run_ops.finish_run(row, RunReport(job, outcome, None, now, timedelta(seconds=1), error=error))


async def test_owners_are_notified_of_a_failed_job_with_its_error_and_of_its_success(house: CheckedHouse) -> None:
    house.plans |= {BACKUP: PLANS[BACKUP]}
    house.restart()
    await add_run(house, BACKUP, JobOutcome.FAILED, "OSError: no <space> left")
    await house.run_check(3)
    assert len(house.alerts) == 1
    assert "no &lt;space&gt; left" in house.alerts[0]
    await add_run(house, BACKUP, JobOutcome.SUCCEEDED)
    health = await house.run_check(3)
    assert len(house.alerts) == 2
    assert set(health.succeeded_at) == {BACKUP}


async def test_the_last_success_is_kept_however_many_failures_follow(house: CheckedHouse) -> None:
    house.plans |= {BACKUP: PLANS[BACKUP]}
    house.restart()
    await add_run(house, BACKUP, JobOutcome.SUCCEEDED)
    at = house.clock.now() + timedelta(seconds=1)
    await house.run_check()
    for _ in range(10):
        house.clock.move(MINUTE)
        await add_run(house, BACKUP, JobOutcome.FAILED)
    house.restart()
    assert (await house.run_check()).succeeded_at == {BACKUP: at}
    assert (
        metrics.REGISTRY.get_sample_value("tollgate_job_last_success_timestamp_seconds", {"job": BACKUP})
        == at.timestamp()
    )


@pytest.mark.parametrize("was_put_aside", [False, True])
@pytest.mark.parametrize(
    ("late_by", "is_bad"), [(timedelta(minutes=5), False), (timedelta(minutes=5, seconds=1), True)]
)
async def test_deliveries_overdue_for_more_than_five_minutes_are_found(
    house: CheckedHouse, late_by: timedelta, is_bad: bool, was_put_aside: bool
) -> None:
    due = NOW + MINUTE - late_by
    if was_put_aside:
        await deletion_ops.promise(USER_BOT, 1, 1, "x", due - MINUTE, due)
    else:
        assert await delivery_ops.start(NewDelivery(USER_BOT, 1, "x", "m", "a process", due - MINUTE, due))
    health = await house.run_check()
    late = [finding for finding in health.findings if finding.trouble is Trouble.DELETIONS_OVERDUE]
    assert [finding.amount for finding in late] == [1] * is_bad
    assert (health.deletions_overdue, health.oldest_overdue_s) == (1, int(late_by.total_seconds()))


@pytest.mark.parametrize(("refused", "is_bad"), [(5, False), (6, True)])
async def test_a_share_of_429_above_five_per_cent_is_found(house: CheckedHouse, refused: int, is_bad: bool) -> None:
    assert CALLS_MIN <= 100
    await house.run_check()
    metrics.TELEGRAM_CALLS.labels(str(USER_BOT), "copyMessages", "ok").inc(100 - refused)
    metrics.TELEGRAM_CALLS.labels(str(USER_BOT), "copyMessages", "flood").inc(refused)
    metrics.TELEGRAM_CALLS.labels("7", "copyMessages", "flood").inc(100)
    health = await house.run_check()
    assert [(finding.key, finding.amount) for finding in health.findings] == [("flood:user_bot", refused)] * is_bad
    # the next check counts only newer calls
    assert (await house.run_check()).findings == ()


async def test_a_share_of_few_calls_is_no_trouble(house: CheckedHouse) -> None:
    await house.run_check()
    metrics.TELEGRAM_CALLS.labels(str(ADMIN_BOT), "sendMessage", "flood").inc(CALLS_MIN - 1)
    assert await house.troubles() == set()


async def test_a_slow_database_is_found(house: CheckedHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_probes, "SLOW_PING_S", -1.0)
    assert await house.troubles() == {"database_slow"}


async def test_while_the_database_is_away_the_rest_is_checked_and_owners_notified(
    house: CheckedHouse, clock: ManualClock
) -> None:
    house.user.error = BotUnavailable("x")
    await house.run_check()
    house.db.before_call = refuse
    for _ in range(2):
        clock.move(MINUTE)
        with pytest.raises(StoreUnavailable):
            await house.check(Run(clock, "me"))
    assert len(house.alerts) == 2
    assert any("The database does not answer" in html for html in house.alerts)
    house.db.before_call = None
    await house.run_check()
    assert len(house.alerts) == 2
    house.user.error = None
    await house.run_check(3)
    assert [html for html in house.alerts[2:] if "database" in html] == ["The database answers again."]
    assert len(house.alerts) == 4


async def test_a_trouble_that_cannot_be_checked_is_not_over(house: CheckedHouse) -> None:
    house.plans |= {BACKUP: PLANS[BACKUP]}
    house.restart()
    await add_run(house, BACKUP, JobOutcome.FAILED)
    await house.run_check(2)

    def refuse_runs(operation: str, collection: str) -> None:
        if collection == "job_runs":
            raise AutoReconnect("no server")

    house.db.before_call = refuse_runs
    health = await house.run_check(5)
    assert len(house.alerts) == 1
    assert [one.finding.key for one in health.watched] == ["job_failed:backup"]


async def test_an_unreadable_stored_check_is_ignored(house: CheckedHouse) -> None:
    await house.db.collection("health").insert_one({"_id": "house", "at": "yesterday"})
    assert (await house.run_check()).since == NOW + MINUTE


async def test_when_chats_are_due_is_stored_from_check_to_check_also_when_one_cannot_be_checked(
    house: CheckedHouse,
) -> None:
    house.chats.next_at = {"-1": NOW + timedelta(hours=20)}
    assert (await house.run_check()).chats_next_at == house.chats.next_at
    house.restart()
    house.chats.error = StoreUnavailable("away")
    assert (await house.run_check()).chats_next_at == house.chats.next_at
    assert house.chats.seen == [{}, house.chats.next_at]


async def test_another_poller_is_shown_while_its_incident_is_open_and_told_by_the_process_that_polls_alone(
    house: CheckedHouse,
) -> None:
    finding = Finding(trouble=Trouble.SECOND_POLLER, subject="admin_bot")
    await incident_ops.claim_open(finding.incident, NOW, MINUTE)
    await incident_ops.mark_notified(finding.incident, NOW)
    health = await house.run_check(4)
    assert (health.findings, health.watched) == ((finding,), ())
    await incident_ops.close(finding.incident, house.clock.now())
    health = await house.run_check(4)
    assert (health.findings, health.watched, house.alerts) == ((), (), [])
    assert await incident_ops.find_open() == []
