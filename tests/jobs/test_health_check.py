"""The health check: each trouble is found, told after its second sight and cleared after three good looks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.health import Finding, Health, Trouble
from core.jobs import JobOutcome, RunReport
from core.timetable import BACKUP, HEALTH_CHECK, MESSAGE_DELETER, Plan, timetable
from database.connection import Database
from database.operations import deletion_ops, health_ops, incident_ops, lease_ops, run_ops
from monitoring import metrics
from monitoring.alerts import Alerts
from schedulers.jobs import health_probes
from schedulers.jobs.health_check import HealthCheck
from schedulers.jobs.health_probes import CALLS_MIN, PENDING_MAX, BotLook, BotProbe, BotSilent
from schedulers.runner import Run
from views.system import health_texts

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLANS = timetable(ZoneInfo("UTC"))
#: no other test's bots
USER_BOT, ADMIN_BOT = 91002, 91001


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


class Telegram:
    """What Telegram says of one bot."""

    def __init__(self) -> None:
        self.answer = BotLook(has_webhook=False, pending_updates=0)
        self.silent: BotSilent | None = None
        self.hangs = False
        self.asked = 0

    async def look(self) -> BotLook:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.silent is not None:
            raise self.silent
        return self.answer


class House:
    """One database, both bots at Telegram, the owners, and processes that come and go."""

    def __init__(self, db: Database, clock: ManualClock) -> None:
        self.db, self.clock = db, clock
        self.user, self.admin = Telegram(), Telegram()
        self.told: list[str] = []
        self.are_reached = True
        self.is_polling = True
        self.plans: dict[str, Plan] = {}
        self.ping: Callable[[], object] = db.ping
        self.check = self.process()

    async def tell(self, html: str) -> bool:
        self.told.append(html)
        return self.are_reached

    def process(self) -> HealthCheck:
        """A process that begins now."""
        bots = (
            BotProbe("user_bot", USER_BOT, self.user.look),
            BotProbe("admin_bot", ADMIN_BOT, self.admin.look),
        )
        alerts = Alerts(self.tell, store=incident_ops, clock=self.clock)

        async def ping() -> None:
            await self.db.ping()

        return HealthCheck(bots, self.plans, alerts, ping, is_polling=self.is_polling)

    async def look(self, times: int = 1) -> Health:
        """So many looks, a minute apart; what the last one left."""
        for _ in range(times):
            self.clock.move(MINUTE)
            await self.check(Run(self.clock, "me"))
        found = await health_ops.find()
        assert found is not None
        return found

    async def troubles(self) -> set[str]:
        return {finding.key for finding in (await self.look()).findings}


@pytest.fixture
def house(db: Database, clock: ManualClock) -> House:
    return House(db, clock)


def refuse(operation: str, collection: str) -> None:
    raise AutoReconnect("no server")


async def test_a_house_in_order_is_written_down_and_nobody_is_told(house: House) -> None:
    house.user.answer = BotLook(has_webhook=False, pending_updates=3)
    health = await house.look(5)
    assert (health.findings, health.watched, house.told) == ((), (), [])
    assert (health.at, health.since) == (NOW + 5 * MINUTE, NOW + MINUTE)
    assert [(bot.name, bot.is_ok, bot.pending_updates) for bot in health.bots] == [
        ("admin_bot", True, 0),
        ("user_bot", True, 3),
    ]
    assert health.database_ms is not None
    assert (health.deletions_overdue, health.oldest_overdue_s, health.open_incidents) == (0, 0, 0)


async def test_a_trouble_is_told_at_its_second_sight_once_and_its_end_after_three_good_looks(house: House) -> None:
    house.user.silent = BotSilent("OSError: no way")
    await house.look()
    assert house.told == []
    await house.look(4)
    trouble = Finding(trouble=Trouble.BOT_AWAY, subject="user_bot", detail="OSError: no way")
    assert house.told == [health_texts.alert(trouble)]
    house.user.silent = None
    await house.look(2)
    assert len(house.told) == 1
    health = await house.look(3)
    assert house.told[1:] == [health_texts.all_clear(trouble)]
    assert health.watched == ()


async def test_flapping_is_one_incident(house: House) -> None:
    for _ in range(10):
        house.user.silent = BotSilent("x")
        await house.look()
        house.user.silent = None
        await house.look(2)
    assert len(house.told) == 1
    await house.look(5)
    assert len(house.told) == 2


async def test_another_process_goes_on_where_one_stopped(house: House) -> None:
    house.user.silent = BotSilent("x")
    for _ in range(4):
        house.check = house.process()
        await house.look()
    assert len(house.told) == 1
    house.user.silent = None
    for _ in range(4):
        house.check = house.process()
        await house.look()
    assert len(house.told) == 2


async def test_nobody_reached_is_tried_again_each_minute_for_the_beginning_and_for_the_end(house: House) -> None:
    house.user.silent, house.are_reached = BotSilent("x"), False
    await house.look(3)
    assert len(house.told) == 2
    house.are_reached = True
    await house.look(2)
    assert len(house.told) == 3
    house.user.silent, house.are_reached = None, False
    await house.look(4)
    assert len(house.told) == 5
    house.are_reached = True
    health = await house.look(2)
    assert len(house.told) == 6
    assert health.watched == ()


async def test_one_bot_that_hangs_hides_nothing_else(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_probes, "BOT_WITHIN_S", 0.01)
    house.user.hangs = True
    house.admin.answer = BotLook(has_webhook=True, pending_updates=0)
    async with asyncio.timeout(5):
        health = await house.look()
    assert {finding.key for finding in health.findings} == {"bot_away:user_bot", "webhook_set:admin_bot"}
    assert [bot.is_ok for bot in health.bots] == [True, False]
    assert health.database_ms is not None


async def test_a_token_telegram_does_not_know_is_named_as_that(house: House) -> None:
    house.admin.silent = BotSilent("Unauthorized", is_unknown=True)
    assert await house.troubles() == {"bot_unknown:admin_bot"}


async def test_while_a_bot_is_silent_its_other_troubles_are_not_over(house: House) -> None:
    house.user.answer = BotLook(has_webhook=True, pending_updates=0)
    await house.look(2)
    house.user.silent = BotSilent("x")
    await house.look(5)
    assert len(house.told) == 2
    assert "again" not in "".join(house.told)


async def test_a_webhook_is_trouble_only_where_updates_are_polled(house: House) -> None:
    house.is_polling = False
    house.check = house.process()
    house.user.answer = BotLook(has_webhook=True, pending_updates=0)
    assert await house.troubles() == set()


@pytest.mark.parametrize(("waiting", "is_bad"), [(PENDING_MAX, False), (PENDING_MAX + 1, True)])
async def test_updates_that_pile_up_are_found(house: House, waiting: int, is_bad: bool) -> None:
    house.user.answer = BotLook(has_webhook=False, pending_updates=waiting)
    assert await house.troubles() == ({"updates_wait:user_bot"} if is_bad else set())


async def test_a_job_that_does_not_run_is_told_and_its_return_too(house: House) -> None:
    house.plans |= {MESSAGE_DELETER: PLANS[MESSAGE_DELETER], HEALTH_CHECK: PLANS[HEALTH_CHECK]}
    house.check = house.process()
    await house.look(4)
    assert house.told == []
    await house.look(4)
    late = Finding(trouble=Trouble.JOB_OVERDUE, subject=MESSAGE_DELETER)
    assert house.told == [health_texts.alert(late)]
    for _ in range(5):
        await run_ops.start_run(MESSAGE_DELETER, None, "a", house.clock.now())
        await house.look()
    assert house.told[1:] == [health_texts.all_clear(late)]


async def test_a_paused_job_is_no_trouble(house: House) -> None:
    house.plans |= {MESSAGE_DELETER: PLANS[MESSAGE_DELETER]}
    house.check = house.process()
    await lease_ops.pause(MESSAGE_DELETER, NOW, 501)
    await house.look(10)
    assert house.told == []


async def ended(house: House, job: str, outcome: JobOutcome, error: str | None = None) -> None:
    now = house.clock.now()
    row = await run_ops.start_run(job, None, "a", now)
    assert row is not None
    await run_ops.finish_run(row, RunReport(job, outcome, None, now, timedelta(seconds=1), error=error))


async def test_a_job_that_failed_is_told_with_its_error_until_it_succeeds(house: House) -> None:
    house.plans |= {BACKUP: PLANS[BACKUP]}
    house.check = house.process()
    await ended(house, BACKUP, JobOutcome.FAILED, "OSError: no <space> left")
    await house.look(3)
    assert len(house.told) == 1
    assert "no &lt;space&gt; left" in house.told[0]
    await ended(house, BACKUP, JobOutcome.SUCCEEDED)
    health = await house.look(3)
    assert len(house.told) == 2
    assert set(health.succeeded_at) == {BACKUP}


async def test_the_last_success_is_remembered_behind_any_number_of_failures(house: House) -> None:
    house.plans |= {BACKUP: PLANS[BACKUP]}
    house.check = house.process()
    await ended(house, BACKUP, JobOutcome.SUCCEEDED)
    at = house.clock.now() + timedelta(seconds=1)
    await house.look()
    for _ in range(10):
        house.clock.move(MINUTE)
        await ended(house, BACKUP, JobOutcome.FAILED)
    house.check = house.process()
    assert (await house.look()).succeeded_at == {BACKUP: at}
    assert (
        metrics.REGISTRY.get_sample_value("tollgate_job_last_success_timestamp_seconds", {"job": BACKUP})
        == at.timestamp()
    )


@pytest.mark.parametrize(
    ("late_by", "is_bad"), [(timedelta(minutes=5), False), (timedelta(minutes=5, seconds=1), True)]
)
async def test_deliveries_that_stay_five_minutes_too_long_are_found(
    house: House, late_by: timedelta, is_bad: bool
) -> None:
    due = NOW + MINUTE - late_by
    await deletion_ops.promise(USER_BOT, 1, 1, "x", due - MINUTE, due)
    health = await house.look()
    assert [finding.amount for finding in health.findings] == [1] * is_bad
    assert (health.deletions_overdue, health.oldest_overdue_s) == (1, int(late_by.total_seconds()))


@pytest.mark.parametrize(("refused", "is_bad"), [(5, False), (6, True)])
async def test_a_share_of_429_above_five_per_cent_is_found(house: House, refused: int, is_bad: bool) -> None:
    assert CALLS_MIN <= 100
    await house.look()
    metrics.TELEGRAM_CALLS.labels(str(USER_BOT), "copyMessages", "ok").inc(100 - refused)
    metrics.TELEGRAM_CALLS.labels(str(USER_BOT), "copyMessages", "flood").inc(refused)
    metrics.TELEGRAM_CALLS.labels("7", "copyMessages", "flood").inc(100)
    health = await house.look()
    assert [(finding.key, finding.amount) for finding in health.findings] == [("flood:user_bot", refused)] * is_bad
    # and the minute after is another one
    assert (await house.look()).findings == ()


async def test_a_few_refused_calls_say_nothing(house: House) -> None:
    await house.look()
    metrics.TELEGRAM_CALLS.labels(str(ADMIN_BOT), "sendMessage", "flood").inc(CALLS_MIN - 1)
    assert await house.troubles() == set()


async def test_a_slow_database_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_probes, "SLOW_PING_S", -1.0)
    assert await house.troubles() == {"database_slow"}


async def test_without_the_database_the_rest_is_looked_at_and_told(house: House, clock: ManualClock) -> None:
    house.user.silent = BotSilent("x")
    await house.look()
    house.db.before_call = refuse
    for _ in range(2):
        clock.move(MINUTE)
        with pytest.raises(StoreUnavailable):
            await house.check(Run(clock, "me"))
    assert len(house.told) == 2
    assert any("The database does not answer" in html for html in house.told)
    house.db.before_call = None
    await house.look()
    assert len(house.told) == 2
    house.user.silent = None
    await house.look(3)
    assert [html for html in house.told[2:] if "database" in html] == ["The database answers again."]
    assert len(house.told) == 4


async def test_a_question_the_database_does_not_answer_ends_no_trouble(house: House) -> None:
    house.plans |= {BACKUP: PLANS[BACKUP]}
    house.check = house.process()
    await ended(house, BACKUP, JobOutcome.FAILED)
    await house.look(2)

    def refuse_runs(operation: str, collection: str) -> None:
        if collection == "job_runs":
            raise AutoReconnect("no server")

    house.db.before_call = refuse_runs
    health = await house.look(5)
    assert len(house.told) == 1
    assert [one.finding.key for one in health.watched] == ["job_failed:backup"]


async def test_what_another_version_wrote_is_begun_anew(house: House) -> None:
    await house.db.collection("health").insert_one({"_id": "house", "at": "yesterday"})
    assert (await house.look()).since == NOW + MINUTE
