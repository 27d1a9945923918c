"""Whether jobs are run by some process, told from their rows alone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.job_status import SchedulerState, overview, scheduler_state
from core.jobs import JobOutcome, JobPlan, JobRun, LeaseRow
from core.schedules import daily_at, every_minute

ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLANS = {
    "each minute": JobPlan("each minute", "", "", every_minute(ZONE)),
    "daily": JobPlan("daily", "", "", daily_at((12,), ZONE)),
    "polled": JobPlan("polled", "", "", None, is_polled=True),
}


def run_of(job: str, started_at: datetime, by: int | str | None = None, owner: str | None = "app") -> JobRun:
    return JobRun(
        id="1", job=job, scheduled_at=started_at, started_at=started_at, owner=owner, requested_by=by,
        outcome=JobOutcome.SUCCEEDED if owner else None,
    )  # fmt: skip


def state(*runs: JobRun, leases: tuple[LeaseRow, ...] = ()) -> SchedulerState:
    jobs = overview(PLANS, {run.job: run for run in runs}, {lease.job: lease for lease in leases}, NOW)
    return scheduler_state(jobs, NOW)


def paused(*jobs: str) -> tuple[LeaseRow, ...]:
    return tuple(LeaseRow(job=job, paused_at=NOW) for job in jobs)


def test_a_job_started_within_its_last_two_ticks_means_running() -> None:
    # the tick of 11:58 is past by more than two minutes, that of 11:57 came before it
    assert state(run_of("each minute", NOW - 3.5 * MINUTE)) is SchedulerState.RUNNING
    assert state(run_of("each minute", NOW - 3.6 * MINUTE)) is SchedulerState.STOPPED


def test_a_house_that_never_ran_is_stopped() -> None:
    assert state() is SchedulerState.STOPPED


def test_a_daily_run_of_today_does_not_hide_that_nothing_runs_each_minute() -> None:
    assert state(run_of("daily", NOW - timedelta(hours=3))) is SchedulerState.STOPPED


def test_only_the_jobs_that_are_not_paused_are_expected_to_run() -> None:
    yesterday = run_of("daily", NOW - timedelta(hours=24))
    assert state(yesterday, leases=paused("each minute")) is SchedulerState.RUNNING
    assert state(yesterday, leases=paused("each minute", "daily")) is SchedulerState.PAUSED


def test_a_job_that_is_switched_off_has_no_trigger_and_is_not_expected_to_run() -> None:
    off = JobPlan("off", "", "", None, off_by="JOBS")
    assert (off.trigger, PLANS["polled"].trigger) == ("off", "due")
    jobs = overview({"off": off}, {}, {}, NOW)
    assert scheduler_state(jobs, NOW) is SchedulerState.PAUSED


def test_a_run_at_work_means_running() -> None:
    held = LeaseRow(job="daily", owner="app", until=NOW + MINUTE)
    assert state(leases=(held,)) is SchedulerState.RUNNING


def test_runs_by_hand_prove_nothing_and_requested_ones_only_when_they_were_started() -> None:
    assert state(run_of("polled", NOW, by="cli")) is SchedulerState.STOPPED
    assert state(run_of("polled", NOW, by=7)) is SchedulerState.RUNNING
    assert state(run_of("polled", NOW, by=7, owner=None)) is SchedulerState.STOPPED
