"""When a finding becomes an incident and when it is over; which jobs are late."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.health import STALE_AFTER, Finding, Health, Trouble, WatchedFinding
from core.health_rules import GRACE, OPEN_AFTER, OVER_AFTER, WatchUpdate, check_job, is_overdue, latest, update_watched
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
    """One look after the other: `x` sees it, `.` does not, `?` cannot tell."""
    watched: tuple[WatchedFinding, ...] = ()
    followed = []
    for sign in pattern:
        found = [FLOOD] if sign == "x" else []
        followed.append(update_watched(watched, found, _blind if sign == "?" else _seeing))
        watched = followed[-1].watched
    return followed


def story(pattern: str) -> str:
    """`o` where people are to know of it, `!` where they are to hear that it is over."""
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
def test_one_bad_moment_is_no_incident_and_one_good_moment_no_end(pattern: str, told: str) -> None:
    assert story(pattern) == told


def test_what_is_over_stays_watched_until_people_know() -> None:
    assert (OPEN_AFTER, OVER_AFTER) == (2, 3)
    assert story("xx.....") == ".o..!!!"


def test_what_nobody_was_told_of_is_forgotten() -> None:
    assert looks("x...")[-1].watched == ()


def test_the_latest_figures_are_told() -> None:
    first = update_watched((), [FLOOD], _seeing)
    worse = FLOOD.model_copy(update={"amount": 90})
    assert update_watched(first.watched, [worse], _seeing).open == (worse,)


def test_two_subjects_are_two_troubles() -> None:
    other = FLOOD.model_copy(update={"subject": "admin_bot"})
    first = update_watched((), [FLOOD], _seeing)
    assert update_watched(first.watched, [other], _seeing).open == ()


def run(started_at: datetime, outcome: JobOutcome | None = JobOutcome.SUCCEEDED, **more: object) -> JobRun:
    finished = None if outcome is None else started_at + SECOND
    usual = {"id": "1", "job": "x", "scheduled_at": started_at, "started_at": started_at, "owner": "a"}
    return JobRun.model_validate(usual | {"outcome": outcome, "finished_at": finished} | more)


def late(job: str, started_at: datetime | None, lease: LeaseRow | None = None, since: datetime = LONG_AGO) -> bool:
    return is_overdue(PLANS[job], [] if started_at is None else [run(started_at)], lease, since, NOW)


def test_a_job_of_each_minute_is_late_after_two_ticks_and_the_grace() -> None:
    # of 12:00:30 less two minutes the ticks are 11:58 and 11:57
    assert GRACE == 2 * MINUTE
    assert not late(registry.MESSAGE_DELETER.name, datetime(2026, 3, 10, 11, 57, tzinfo=UTC))
    assert late(registry.MESSAGE_DELETER.name, datetime(2026, 3, 10, 11, 56, 59, tzinfo=UTC))


def test_a_daily_job_is_late_after_two_of_its_ticks() -> None:
    # at 00:00 and 12:00: the second of the two is 30 s ago, which is within the grace
    assert not late(registry.TOKEN_CLEANUP.name, datetime(2026, 3, 9, 12, 0, tzinfo=UTC))
    assert late(registry.TOKEN_CLEANUP.name, datetime(2026, 3, 9, 11, 59, tzinfo=UTC))


def test_a_job_that_never_ran_is_late_from_when_somebody_looks() -> None:
    assert late(registry.MESSAGE_DELETER.name, None)
    assert not late(registry.MESSAGE_DELETER.name, None, since=NOW - 3 * MINUTE)


def test_a_request_that_was_not_started_is_no_run() -> None:
    requested = run(NOW, None, owner=None)
    assert is_overdue(PLANS[registry.MESSAGE_DELETER.name], [requested, run(LONG_AGO)], None, LONG_AGO, NOW)


def test_a_paused_job_a_running_one_and_one_without_ticks_are_not_late() -> None:
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
def test_the_last_run_that_came_to_an_end_of_its_own_counts(outcomes: list[JobOutcome | None], is_bad: bool) -> None:
    runs = [run(NOW - number * SECOND, outcome) for number, outcome in enumerate(outcomes)]
    found = check_job(PLANS[registry.BROADCAST_SENDER.name], runs, None, NOW, NOW)
    assert [one.trouble for one in found] == [Trouble.JOB_FAILED] * is_bad


def test_the_later_success_is_kept() -> None:
    assert latest({"a": NOW, "b": NOW}, {"a": LONG_AGO, "b": None, "c": NOW, "d": None}) == dict.fromkeys("abc", NOW)


def test_a_look_is_stale_after_three_minutes() -> None:
    health = Health(at=NOW, since=NOW)
    assert health.is_fresh(NOW + STALE_AFTER)
    assert not health.is_fresh(NOW + STALE_AFTER + SECOND)
    assert health.is_fresh(NOW - timedelta(hours=1))
