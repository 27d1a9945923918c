"""JOBS and CLEANUP_*: what they change, and that nothing of them is ignored silently."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from config import Settings, load_settings
from core.timing.job_times import JobTimes
from schedulers import registry
from schedulers.jobs_setting import BadJobs, read_jobs_setting

Load = Callable[..., Settings]
CLEANUPS = {"token_cleanup", "session_cleanup", "token_count_reset", "housekeeping", "deep_cleaning"}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Load:
    monkeypatch.chdir(str(tmp_path))

    def load(**more: str) -> Settings:
        for name, value in {"USER_BOT_TOKEN": "1001:a", "ADMIN_BOT_TOKEN": "1002:b", **more}.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load


def words(settings: Settings) -> dict[str, str]:
    return {job: plan.in_words for job, plan in registry.plans(ZoneInfo("UTC"), settings.job_times).items()}


def test_without_them_the_times_are_those_of_the_table(load: Load) -> None:
    assert load().job_times == JobTimes()
    assert words(load(JOBS="{}")) == {job: plan.in_words for job, plan in registry.plans(ZoneInfo("UTC")).items()}


def test_each_job_of_the_table_can_be_switched_off(load: Load) -> None:
    settings = load(JOBS=json.dumps(dict.fromkeys(registry.JOB_NAMES, "off")))
    assert set(words(settings).values()) == {"only by hand (JOBS)"}
    plans = registry.plans(ZoneInfo("UTC"), settings.job_times)
    assert all(plan.schedule is None and not plan.is_polled for plan in plans.values())


def test_lines_and_intervals_replace_or_add_times(load: Load) -> None:
    found = words(
        load(
            JOBS='{"backup": "30 4 * * *", "housekeeping": "0 5 * * 1"}',
            CLEANUP_SESSION_INTERVAL="90m",
            CLEANUP_VERIFICATION_INTERVAL="30m",
        )
    )
    assert found["backup"] == "daily at 04:30"
    assert found["housekeeping"] == "Mondays at 05:00"
    assert found["session_cleanup"] == "every 90 minutes"
    assert found["token_cleanup"] == "daily at 00:00 and 12:00, and every 30 minutes"


def test_without_cleanup_nothing_is_cleaned_by_itself_and_the_rest_runs(load: Load) -> None:
    settings = load(CLEANUP_ENABLED="false", JOBS='{"housekeeping": "off"}')
    plans = registry.plans(ZoneInfo("UTC"), settings.job_times)
    assert {job for job, plan in plans.items() if plan.off_by is not None} == CLEANUPS
    assert plans["token_cleanup"].in_words == "only by hand (CLEANUP_ENABLED)"
    assert plans["housekeeping"].in_words == "only by hand (JOBS)"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense", "a JSON object"),
        ("[]", "a JSON object"),
        ('"off"', "a JSON object"),
        ("null", "a JSON object"),
        ("[" * 100_000, "a JSON object"),
        ('{"bakup": "off"}', "'bakup' is no job. The jobs are: message_deleter, "),
        ('{"backup": "off", "backup": "0 3 * * *"}', "backup is named twice"),
        ('{"backup": false}', "backup: a cron line"),
        ('{"backup": {"hour": 3}}', "backup: a cron line"),
        ('{"backup": "0 25 * * *"}', "backup: hour: '25' is not from 0 to 23"),
        ('{"publisher": "0 3 * * *"}', "publisher runs whenever something is due"),
        ('{"broadcast_deleter": "0 3 * * *"}', "broadcast_deleter runs whenever something is due"),
        ('{"health_check": "0 3 * * *"}', "health_check runs every minute"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadJobs) as error:
        read_jobs_setting(text)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"JOBS": '{"x": "off", "backup": "?"}'}, ["JOBS: 'x' is no job.", "JOBS: backup: five fields"]),
        ({"CLEANUP_SESSION_INTERVAL": "10s"}, ["CLEANUP_SESSION_INTERVAL: an interval of 1 minute to 24 hours"]),
        ({"CLEANUP_SESSION_INTERVAL": "90 s"}, ["CLEANUP_SESSION_INTERVAL: an interval"]),
        ({"CLEANUP_VERIFICATION_INTERVAL": "2 days"}, ["CLEANUP_VERIFICATION_INTERVAL: an interval"]),
        ({"CLEANUP_VERIFICATION_INTERVAL": "30"}, ["CLEANUP_VERIFICATION_INTERVAL: an interval"]),
        ({"CLEANUP_ENABLED": "sometimes"}, ["CLEANUP_ENABLED: Input should be a valid boolean"]),
        (
            {"CLEANUP_ENABLED": "false", "JOBS": '{"housekeeping": "0 5 * * *"}'},
            ["JOBS: housekeeping is given times, but CLEANUP_ENABLED=false"],
        ),
        (
            {"JOBS": '{"token_cleanup": "0 5 * * *"}', "TOKEN_CLEANUP_HOUR": "[5]"},
            ["JOBS: token_cleanup has its times from TOKEN_CLEANUP_HOUR as well"],
        ),
        (
            {"JOBS": '{"session_cleanup": "off"}', "CLEANUP_SESSION_INTERVAL": "1h"},
            ["JOBS: session_cleanup has its times from CLEANUP_SESSION_INTERVAL as well"],
        ),
    ],
)
def test_a_start_stops_with_one_line_for_each_problem(
    load: Load, capsys: pytest.CaptureFixture[str], given: dict[str, str], problems: list[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        load(**given)
    lines = capsys.readouterr().err.splitlines()
    assert (stop.value.code, len(lines)) == (2, len(problems))
    assert all(line.startswith(f"config: {problem}") for line, problem in zip(lines, problems, strict=True)), lines


def test_an_interval_of_hours_ignores_daylight_changes() -> None:
    times = JobTimes(session_interval=timedelta(hours=6))
    schedule = registry.plans(ZoneInfo("America/New_York"), times)["session_cleanup"].schedule
    assert schedule is not None and schedule.in_words() == "every 6 hours"
    # the clocks of New York change on 8 March 2026 at 07:00 UTC
    ticks = [datetime(2026, 3, 7, 12, tzinfo=UTC)]
    while len(ticks) < 6:
        ticks.append(schedule.next_tick(ticks[-1]))
        assert schedule.latest_tick(ticks[-1]) == ticks[-1]
    assert {after - before for before, after in pairwise(ticks)} == {timedelta(hours=6)}
