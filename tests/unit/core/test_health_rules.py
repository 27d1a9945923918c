"""When a finding opens and closes an incident, and which jobs are overdue."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.health.findings import STALE_AFTER, Finding, Health, Trouble, WatchedFinding
from core.health.rules import (
    GRACE,
    OPEN_AFTER,
    OVER_AFTER,
    WatchUpdate,
    check_job,
    due_by,
    is_overdue,
    latest,
    update_watched,
)
from core.jobs import JobOutcome, JobRun, LeaseRow
from schedulers import registry

NOW = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)
PLANS = registry.plans(ZoneInfo("UTC"))
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LONG_AGO = NOW - timedelta(days=30)
FLOOD = Finding(trouble=Trouble.FLOOD, subject="user_bot", amount=7)


def _seeing(_: Finding) -> bool:
    return True


def _blind(_: Finding) -> bool:
    return False


def looks(pattern: str) -> list[WatchUpdate]:
    """Run one check per character: `x` finds the problem, `.` does not, `?` could not have found it."""
    watched: tuple[WatchedFinding, ...] = ()
    followed = []
    for sign in pattern:
        found = [FLOOD] if sign == "x" else []
        followed.append(update_watched(watched, found, _blind if sign == "?" else _seeing))
        watched = followed[-1].watched
    return followed


def story(pattern: str) -> str:
    """Return one character per check: `o` where the incident is open, `!` where it is over."""
    return "".join("o" if one.open else "!" if one.over else "." for one in looks(pattern))


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("x....", "....."),
        ("xx...", ".o..!"),
        ("xxxx...", ".ooo..!"),
        ("x.x.x.x.x", "..o.o.o.o"),
        ("x..x..x...", "...o..o..!"),
        ("x...x...x", "........."),
        ("xx?????", ".oooooo"),
        ("xx.?.?.", ".o....!"),
        ("x?x", "..o"),
    ],
)
def test_one_check_neither_opens_nor_closes_an_incident(pattern: str, told: str) -> None:
    assert story(pattern) == told


def test_a_finding_that_is_over_stays_watched_until_people_were_notified() -> None:
    assert (OPEN_AFTER, OVER_AFTER) == (2, 3)
    assert story("xx.....") == ".o..!!!"


def test_a_finding_without_an_alert_is_dropped() -> None:
    assert looks("x...")[-1].watched == ()


def test_the_latest_amounts_are_reported() -> None:
    first = update_watched((), [FLOOD], _seeing)
    worse = FLOOD.model_copy(update={"amount": 90})
    assert update_watched(first.watched, [worse], _seeing).open == (worse,)


def test_two_subjects_are_watched_separately() -> None:
    other = FLOOD.model_copy(update={"subject": "admin_bot"})
    first = update_watched((), [FLOOD], _seeing)
    assert update_watched(first.watched, [other], _seeing).open == ()


def run(started_at: datetime, outcome: JobOutcome | None = JobOutcome.SUCCEEDED, **more: object) -> JobRun:
    finished = None if outcome is None else started_at + SECOND
    usual = {"id": "1", "job": "x", "scheduled_at": started_at, "started_at": started_at, "owner": "a"}
    return JobRun.model_validate(usual | {"outcome": outcome, "finished_at": finished} | more)


def late(job: str, started_at: datetime | None, lease: LeaseRow | None = None, since: datetime = LONG_AGO) -> bool:
    return is_overdue(PLANS[job], [] if started_at is None else [run(started_at)], lease, since, NOW)


def test_a_minutely_job_is_overdue_after_two_ticks_and_the_grace() -> None:
    # of 12:00:30 less two minutes the ticks are 11:58 and 11:57
    assert GRACE == 2 * MINUTE
    assert not late(registry.MESSAGE_DELETER.name, datetime(2026, 3, 10, 11, 57, tzinfo=UTC))
    assert late(registry.MESSAGE_DELETER.name, datetime(2026, 3, 10, 11, 56, 59, tzinfo=UTC))


def test_a_daily_job_is_overdue_after_two_of_its_ticks() -> None:
    # at 00:00 and 12:00: the second of the two is 30 s ago, which is within the grace
    assert not late(registry.TOKEN_CLEANUP.name, datetime(2026, 3, 9, 12, 0, tzinfo=UTC))
    assert late(registry.TOKEN_CLEANUP.name, datetime(2026, 3, 9, 11, 59, tzinfo=UTC))


def test_a_job_that_never_ran_is_overdue_since_the_first_check() -> None:
    assert late(registry.MESSAGE_DELETER.name, None)
    assert not late(registry.MESSAGE_DELETER.name, None, since=NOW - 3 * MINUTE)


def test_a_job_must_have_succeeded_by_its_second_tick_after_the_last_success() -> None:
    plan, noon = PLANS[registry.TOKEN_CLEANUP.name], datetime(2026, 3, 10, 12, 0, 5, tzinfo=UTC)
    assert due_by(plan, noon, None, LONG_AGO, NOW) == datetime(2026, 3, 11, 12, tzinfo=UTC) + GRACE
    assert due_by(plan, noon, LeaseRow(job="x", paused_at=NOW), LONG_AGO, NOW) is None
    held = LeaseRow(job="x", owner="a", until=NOW + SECOND)
    assert due_by(plan, LONG_AGO, held, LONG_AGO, NOW) == NOW + GRACE, "it is running"
    assert due_by(PLANS[registry.BROADCAST_SENDER.name], None, None, LONG_AGO, NOW) is None


def test_a_requested_run_that_has_not_started_is_no_run() -> None:
    requested = run(NOW, None, owner=None)
    assert is_overdue(PLANS[registry.MESSAGE_DELETER.name], [requested, run(LONG_AGO)], None, LONG_AGO, NOW)


def test_a_paused_a_running_and_an_unscheduled_job_are_not_overdue() -> None:
    assert not late(registry.MESSAGE_DELETER.name, LONG_AGO, LeaseRow(job="x", paused_at=NOW))
    assert not late(registry.MESSAGE_DELETER.name, LONG_AGO, LeaseRow(job="x", owner="a", until=NOW + SECOND))
    assert late(registry.MESSAGE_DELETER.name, LONG_AGO, LeaseRow(job="x", owner="a", until=NOW))
    assert not late(registry.BROADCAST_SENDER.name, LONG_AGO)


@pytest.mark.parametrize(
    ("outcomes", "is_bad"),
    [
        ([JobOutcome.FAILED], True),
        ([JobOutcome.TIMED_OUT], True),
        ([JobOutcome.SUCCEEDED, JobOutcome.FAILED], False),
        ([None, JobOutcome.FAILED], True),
        ([JobOutcome.CANCELLED, JobOutcome.FAILED], True),
        ([JobOutcome.MISSED, JobOutcome.SUCCEEDED], False),
        ([JobOutcome.ABANDONED, JobOutcome.FAILED], False),
        ([], False),
    ],
)
def test_the_last_run_that_ended_by_itself_counts(outcomes: list[JobOutcome | None], is_bad: bool) -> None:
    runs = [run(NOW - number * SECOND, outcome) for number, outcome in enumerate(outcomes)]
    found = check_job(PLANS[registry.BROADCAST_SENDER.name], runs, None, NOW, NOW)
    assert [one.trouble for one in found] == [Trouble.JOB_FAILED] * is_bad


def test_the_later_success_is_kept() -> None:
    assert latest({"a": NOW, "b": NOW}, {"a": LONG_AGO, "b": None, "c": NOW, "d": None}) == dict.fromkeys("abc", NOW)


def test_a_result_is_stale_after_three_minutes() -> None:
    health = Health(at=NOW, since=NOW)
    assert health.is_fresh(NOW + STALE_AFTER)
    assert not health.is_fresh(NOW + STALE_AFTER + SECOND)
    assert health.is_fresh(NOW - timedelta(hours=1))
