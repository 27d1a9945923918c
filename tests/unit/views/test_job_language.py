"""Jobs in the member's language: what the table of jobs says in English is translated where it is shown."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core.broadcasts import RecipientState
from core.jobs import JobPlan
from core.schedules import Both, Every, Schedule, daily_at
from core.timing.cron import Cron, read_cron_line
from core.timing.job_times import JobTimes
from schedulers import registry
from schedulers.jobs.promise_deletion import End
from scripts.catalogues import ROOT
from views.catalogues import speaking_to
from views.system.count_names import count_name
from views.system.job_plans import purpose, times_in_words, when_paused
from views.system.job_titles import job_title

ZONE = ZoneInfo("Europe/Berlin")
PLANS = registry.plans(ZONE)


def plan_of(schedule: Schedule | None, *, is_polled: bool = False, off_by: str | None = None) -> JobPlan:
    return JobPlan("one", "does something", "Nothing happens.", schedule, is_polled, off_by=off_by)


def every(minutes: int) -> Schedule:
    return Every(timedelta(minutes=minutes), ZONE)


def cron(line: str) -> Schedule:
    return Cron(read_cron_line(line), ZONE)


OTHERS = [
    *(plan_of(every(minutes)) for minutes in (1, 2, 21, 60, 90, 120, 1440)),
    *(plan_of(cron(line)) for line in ("0 4 * * *", "0,30 3 * * 1,3", "*/5 * * * *", "0 3 1 * *", "15 0 * * 0")),
    plan_of(daily_at((0,), ZONE)),
    plan_of(daily_at((18, 0, 6), ZONE), is_polled=True),
    plan_of(Both(daily_at((0, 12), ZONE), every(30))),
    plan_of(None),
    plan_of(None, off_by="JOBS"),
]


@pytest.mark.parametrize("plan", [*PLANS.values(), *OTHERS], ids=lambda plan: plan.in_words)
def test_in_english_a_plan_reads_as_on_the_command_line(plan: JobPlan) -> None:
    assert times_in_words(plan) == plan.in_words


def test_in_russian_nothing_of_a_job_stays_english() -> None:
    with speaking_to("ru"):
        for plan in (*PLANS.values(), *registry.plans(ZONE, JobTimes(off=frozenset(registry.JOB_NAMES))).values()):
            assert purpose(plan) != plan.purpose and when_paused(plan) != plan.when_paused
            assert times_in_words(plan) != plan.in_words
            assert job_title(plan.name) != plan.name
        assert times_in_words(plan_of(every(21))) == "каждую 21 минуту"
        assert times_in_words(plan_of(cron("0,30 3 * * 1,3"))) == "по понедельникам и по средам в 03:00 и 03:30"


def counted() -> Iterator[str]:
    """The names under which the jobs count what they did."""
    yield from (*End, *RecipientState)
    for path in sorted((ROOT / "schedulers" / "jobs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Subscript(value=ast.Attribute(attr="done"), slice=ast.Constant(value=str() as name)):
                    yield name
                case ast.Call(func=ast.Name(id="within" | "count_deleted") | ast.Attribute(attr="within")):
                    yield from (
                        one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    )
                case ast.Call(func=ast.Name(id="Counts"), args=[ast.Dict(keys=keys), *_]):
                    yield from (str(one.value) for one in keys if isinstance(one, ast.Constant))


def test_each_count_of_a_run_has_words_in_russian() -> None:
    names = set(counted())
    assert {"tokens_without_user", "not_sent", "too_wide"} <= names
    with speaking_to("ru"):
        assert [name for name in names if count_name(name) == name.replace("_", " ")] == []
        assert count_name("of_a_later_version") == "of a later version"
