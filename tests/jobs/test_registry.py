"""The table of jobs drives every reader of it: schedulers, plans, the command line, docs. Importing it is cheap."""

import json
import re
import subprocess
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot
from pydantic import SecretStr

from core.clock import SystemClock
from core.jobs import Counts, JobOutcome
from core.schedules import Schedule, daily_at
from core.timing.job_times import JobTimes
from database.batches import Bounds
from database.connection import Database
from database.operations import run_ops
from monitoring.alerts import Alerts, Words
from schedulers import factory, registry
from schedulers.admission import WHEN_DUE, by_hand
from schedulers.context import JobContext, OwnerResources, TelegramResources
from schedulers.job_scheduler import JobScheduler
from schedulers.registry import JOB_NAMES, JOBS, JobRow
from schedulers.run_once import JobConfig, open_schedulers
from schedulers.runner import Run
from schedulers.scheduler import Timer
from sender.limiting.send_limiter import SendLimiter
from tests.house import House

ROOT = Path(__file__).resolve().parents[2]
UTC_ZONE = ZoneInfo("UTC")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


def english(_: int) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def full_context(folder: Path) -> JobContext:
    """What every job can be made from; the bots are never called."""

    async def notify(words: Words) -> bool:
        return False

    async def nobody() -> tuple[int, ...]:
        return ()

    bot = Bot("1002:sandbox-user")
    owners = OwnerResources(bot, SendLimiter(), SendLimiter(), nobody, english, folder, 1, "")
    return JobContext(telegram=TelegramResources(bot, Alerts(notify), owners))


# one row makes a job


class _FakeJob:
    def __init__(self, context: JobContext) -> None:
        self.bounds = context.bounds

    async def __call__(self, run: Run) -> Counts:
        return Counts({"batch": self.bounds.get("batch_size", 0)})

    async def has_work(self, now: datetime) -> bool:
        return True


def _at_four(zone: ZoneInfo, _: JobTimes) -> Schedule:
    return daily_at((4,), zone)


FAKE = JobRow("fake", "does nothing", "Nothing is done.", "fake", schedule=_at_four, is_polled=True)


@pytest.fixture
def fake_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add one row to the table, and its module to `schedulers/jobs/`."""
    module = ModuleType("schedulers.jobs.fake")
    module.create = _FakeJob  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(registry, "JOBS", (*JOBS, FAKE))
    monkeypatch.setattr(registry, "JOB_NAMES", (*JOB_NAMES, FAKE.name))


@pytest.mark.usefixtures("fake_row")
async def test_a_new_row_is_planned_made_and_run(db: Database, tmp_path: Path) -> None:
    assert registry.plans(UTC_ZONE)["fake"].in_words == "daily at 04:00, and when one is due"
    context = replace(full_context(tmp_path), bounds=Bounds(batch_size=7))
    schedulers = factory.create_schedulers(context)
    assert tuple(schedulers) == (*JOB_NAMES, "fake")
    assert (await schedulers["fake"].runner.run(by_hand())).counts == {"batch": 7}
    due = [await schedulers["fake"].run_when_due() for _ in range(2)]
    assert [report.outcome for report in due if report is not None] == [JobOutcome.SUCCEEDED] * 2
    assert {run.requested_by for run in await run_ops.last_runs(5, "fake")} == {"hand", None, WHEN_DUE}


@pytest.mark.usefixtures("fake_row")
async def test_a_new_row_is_found_by_the_command_line() -> None:
    async with open_schedulers(registry.JOB_NAMES[-1:], create_config()) as found:
        assert list(found) == ["fake"]


def test_every_row_names_a_module_that_creates_its_job(tmp_path: Path) -> None:
    assert len(set(JOB_NAMES)) == len(JOBS)
    for row in JOBS:
        job = import_module(f"schedulers.jobs.{row.module}").create(full_context(tmp_path))
        assert callable(job)
        assert hasattr(job, "has_work") == row.is_polled, row.name
        assert row.schedule is not None or row.is_polled, f"{row.name} would never run"


def test_no_alias_means_two_jobs_or_is_the_name_of_one() -> None:
    names = [name for row in JOBS for name in (row.name, *row.aliases)]
    assert len(set(names)) == len(names)
    assert [registry.find_name(name) for name in names] == [row.name for row in JOBS for _ in (0, *row.aliases)]
    assert registry.find_name("nothing") is None


def test_only_rows_that_say_so_need_telegram() -> None:
    for row in JOBS:
        if row.needs_telegram:
            with pytest.raises(ValueError, match=f"{row.name} needs"):
                factory.create_scheduler(row, JobContext())
        else:
            assert factory.create_scheduler(row, JobContext()).name == row.name


def test_zone_cleanup_hours_and_time_limit_of_the_context_reach_the_jobs(tmp_path: Path) -> None:
    context = replace(
        full_context(tmp_path), zone=ZoneInfo("Asia/Kolkata"), times=JobTimes(cleanup_hours=(3, 5)), time_limit=MINUTE
    )
    schedulers = factory.create_schedulers(context)
    assert schedulers["token_cleanup"].plan.in_words == "daily at 03:00 and 05:00"
    assert {one.name: one.runner._time_limit for one in schedulers.values()} == {
        row.name: row.time_limit or MINUTE for row in JOBS
    }
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC_ZONE)
    reset = schedulers["token_count_reset"].plan.schedule
    assert reset is not None and reset.next_tick(noon) == datetime(2026, 3, 1, 18, 30, tzinfo=UTC_ZONE)


# where the jobs run


async def test_every_job_runs_in_the_user_bots_process(ticking_house: House) -> None:
    assert {job.name for job in ticking_house.jobs} == set(JOB_NAMES)


async def test_schedulers_share_one_timer_that_ends_with_the_last(db: Database, tmp_path: Path) -> None:
    timer = Timer()
    context = replace(full_context(tmp_path), timer=timer)
    schedulers: list[JobScheduler] = list(factory.create_schedulers(context).values())
    for one in schedulers:
        one.start()
    assert timer._scheduler is not None
    assert {job.id for job in timer._scheduler.get_jobs()} == {row.name for row in JOBS if row.schedule is not None}
    for one in schedulers:
        one.stop()
        await one.ended()
    assert timer._scheduler is None
    await context.telegram_of("a test").user_bot.session.close()


def create_config(folder: Path = ROOT) -> JobConfig:
    token = SecretStr("1002:sandbox-user")
    return JobConfig(
        zone=UTC_ZONE, times=JobTimes(), batch_size=1, timeout_s=1, pause_ms=0, data_dir=folder, backup_keep=1,
        user_token=token, admin_token=token, owner_ids=(5,), api_url="http://127.0.0.1:9",
        alert_webhook_url=SecretStr(""), rate_per_s=1, bulk_rate_per_s=1,
    )  # fmt: skip


async def test_every_job_can_be_run_by_the_command_line_and_no_token_is_shown(db: Database, tmp_path: Path) -> None:
    config = create_config(tmp_path)
    assert "sandbox-user" not in repr(config)
    async with open_schedulers(JOB_NAMES, config) as found:
        assert {name: one.name for name, one in found.items()} == {name: name for name in JOB_NAMES}


# imports and docs

_PRINT_IMPORTED = """
import json, sys
import schedulers.registry
names = ("aiogram", "apscheduler", "database", "schedulers.jobs")
table = [name for name in names if name in sys.modules]
from schedulers import token_cleanup_scheduler, token_count_reset_scheduler
print(json.dumps([table, [name for name in names if name in sys.modules]]))
"""


def test_the_table_imports_no_library_and_the_seeds_token_schedulers_no_aiogram() -> None:
    command = [sys.executable, "-B", "-c", _PRINT_IMPORTED]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ended.stdout) == [[], ["apscheduler", "database", "schedulers.jobs"]]


def test_the_docs_list_every_job_with_its_schedule_and_no_other() -> None:
    text = (ROOT / "docs/schedulers.md").read_text(encoding="utf-8")
    section = text.partition("## The jobs")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|", section, re.MULTILINE))
    assert listed == {name: plan.in_words for name, plan in registry.plans(UTC_ZONE).items()}


def test_alert_rules_and_dashboard_name_only_jobs_of_the_table() -> None:
    named: set[str] = set()
    for path in ("deploy/prometheus/alerts.yml", "deploy/grafana/tollgate.json"):
        for names in re.findall(r'\bjob=~?\\?"([a-z_|]+)\\?"', (ROOT / path).read_text(encoding="utf-8")):
            named |= set(names.split("|"))
    assert named - {"tollgate"} <= set(JOB_NAMES)
