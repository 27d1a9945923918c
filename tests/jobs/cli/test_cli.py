"""`python -m schedulers`: its output, its rows and its exit status, on one store that outlives the commands."""

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import structlog
from pymongo.errors import AutoReconnect
from typer.testing import CliRunner

from core.jobs import JobOutcome, JobRun
from database import connection
from database.backups.restore_marker import take_marker
from database.connection import Database, close_database, open_database
from database.operations import lease_ops, run_ops
from monitoring import logs
from schedulers import cli, registry
from schedulers.leases import TTL

T = TypeVar("T")
URI = os.environ.get("MONGO_URI", "memory://")
#: jobs that need no bot
SAFE = ("token_cleanup", "token_count_reset", "statistics", "housekeeping")


def drop_event(*_: object) -> str:
    raise structlog.DropEvent


class Store:
    """A database that outlives the commands: on the server of MONGO_URI, or in memory."""

    def __init__(self) -> None:
        self.name = f"tollgate_test_{secrets.token_hex(6)}"
        self._kept: Database | None = None

    def keep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if URI != "memory://":
            return
        self._kept = asyncio.run(open_database(URI, self.name))

        async def reopen(*_: Any, **__: Any) -> Database:
            assert self._kept is not None
            connection._current = self._kept
            return self._kept

        async def leave_open() -> None:
            connection._current = None

        monkeypatch.setattr(connection, "open_database", reopen)
        monkeypatch.setattr(connection, "close_database", leave_open)

    def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` with the store open, between two commands."""

        async def opened() -> T:
            await connection.open_database(URI, self.name)
            try:
                return await work()
            finally:
                await connection.close_database()

        return asyncio.run(opened())

    async def drop(self) -> None:
        await (await open_database(URI, self.name)).drop()
        await close_database()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    store = Store()
    values = {
        "USER_BOT_TOKEN": "1:user-secret",
        "ADMIN_BOT_TOKEN": "2:admin-secret",
        "ADMIN_IDS": "5",
        "MONGO_URI": URI,
        "MONGO_DB": store.name,
        "ALLOW_MEMORY_STORE": "true",
        "DATA_DIR": str(tmp_path),
        "TIMEZONE": "America/Havana",
    }
    for key, value in values.items():
        monkeypatch.setenv(key, value)
    # away from a developer's own .env
    monkeypatch.chdir(tmp_path)
    # the command's configuration would outlive the test
    monkeypatch.setattr(logs, "configure", lambda *_: structlog.configure(processors=[drop_event]))
    store.keep(monkeypatch)
    yield store
    structlog.reset_defaults()
    if URI != "memory://":
        asyncio.run(store.drop())


def call(*words: str) -> tuple[int, str, str]:
    """Run the command; return exit status, standard output and standard error."""
    result = CliRunner().invoke(cli.app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def document(*words: str) -> tuple[int, Any]:
    status, out, _ = call(*words, "--json")
    return status, json.loads(out)


def without_frame(text: str) -> str:
    """Return an error without its frame, on one line."""
    return " ".join(text.replace("│", " ").split())


async def add_expired_tokens() -> None:
    tokens = connection.current_database().collection("tokens")
    long_ago = datetime.now(UTC) - timedelta(days=3)
    for number in range(3):
        row = {"token": f"{number}", "user_id": 1, "status": "verified", "expires_at": long_ago, "created_at": long_ago}
        await tokens.insert_one(row)


async def read_runs() -> list[JobRun]:
    return await run_ops.last_runs(50)


async def let_app_hold(job: str = "token_cleanup") -> None:
    assert await lease_ops.take(job, "app:1:run", datetime.now(UTC), TTL) is not None


# run


def test_run_prints_a_sentence_and_leaves_a_row(store: Store) -> None:
    store.do(add_expired_tokens)
    assert call("run", "token_cleanup") == (0, "token_cleanup: Removed 3 expired unlocks\n", "")
    (run,) = store.do(read_runs)
    assert (run.outcome, run.requested_by, run.counts["deleted"]) == (JobOutcome.SUCCEEDED, "cli", 3)
    assert store.do(lambda: lease_ops.find_many(registry.JOB_NAMES))["token_cleanup"].owner is None


def test_run_with_json_prints_one_document(store: Store) -> None:
    store.do(add_expired_tokens)
    status, found = document("run", "token_cleanup")
    assert (status, found["ok"]) == (0, True)
    (run,) = found["runs"]
    assert (run["job"], run["outcome"], run["counts"]["deleted"]) == ("token_cleanup", "succeeded", 3)


def test_a_job_the_app_runs_is_not_run_and_the_status_is_1(store: Store) -> None:
    store.do(add_expired_tokens)
    store.do(let_app_hold)
    status, out, _ = call("run", "token_cleanup")
    assert (status, out) == (1, "token_cleanup: not run: app:1:run has it\n")
    assert store.do(read_runs) == []
    status, found = document("run", "token_cleanup")
    assert (status, found["ok"], found["runs"][0]["outcome"]) == (1, False, "skipped")


def test_a_job_that_fails_ends_with_status_1_and_its_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("on purpose")

    monkeypatch.setattr("database.operations.token_ops.delete_expired_and_used_tokens", broken)
    status, out, _ = call("run", "token_cleanup")
    assert status == 1
    assert out.startswith("token_cleanup: failed: ValueError: on purpose")
    status, found = document("run", "token_cleanup")
    assert (status, found["ok"], found["runs"][0]["error"]) == (1, False, "ValueError: on purpose")


def test_one_job_that_fails_does_not_prevent_the_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("on purpose")

    monkeypatch.setattr(registry, "JOB_NAMES", SAFE)
    monkeypatch.setattr("database.operations.token_ops.delete_expired_and_used_tokens", broken)
    status, out, _ = call("run", "all")
    assert status == 1
    assert [line.partition(":")[0] for line in out.splitlines()] == list(SAFE)
    assert sorted(run.outcome or "" for run in store.do(read_runs)) == ["failed", "succeeded", "succeeded", "succeeded"]


def test_a_paused_job_is_run_by_its_name_but_not_with_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "JOB_NAMES", SAFE)
    assert call("pause", "token_cleanup")[:2] == (0, "token_cleanup: paused\n")
    assert call("pause", "token_cleanup")[:2] == (0, "token_cleanup: nothing to change\n")
    status, out, _ = call("run", "all")
    assert (status, "token_cleanup: not run: paused" in out) == (0, True)
    assert call("run", "token_cleanup")[0] == 0
    assert document("resume", "token_cleanup") == (0, {"ok": True, "job": "token_cleanup", "changed": True})
    assert document("resume", "token_cleanup")[1]["changed"] is False
    status, out, _ = call("run", "all")
    assert "not run" not in out


def test_a_job_that_is_switched_off_runs_by_its_name_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "JOB_NAMES", SAFE)
    monkeypatch.setenv("CLEANUP_ENABLED", "false")
    off = "token_cleanup: not run: only by hand (CLEANUP_ENABLED)"
    for words in (("run", "all"), ("run", "all", "--due"), ("run", "token_cleanup", "--due")):
        status, out, _ = call(*words)
        assert (status, off in out) == (0, True), words
    assert not any(run.job == "token_cleanup" for run in store.do(read_runs))
    assert call("run", "token_cleanup")[0] == 0
    (row,) = [one for one in document("list")[1]["jobs"] if one["name"] == "token_cleanup"]
    assert (row["is_off"], row["next_at"], row["last"]["outcome"]) == (True, None, "succeeded")


def test_due_ticks_are_run_once_however_often_cron_calls(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "JOB_NAMES", SAFE)
    for _ in range(3):
        assert call("run", "all", "--due")[0] == 0
    found = store.do(read_runs)
    assert sorted(run.job for run in found) == sorted(SAFE)
    assert {run.requested_by for run in found} == {None}, "they are ticks, as in the app"


def test_run_due_starts_requested_runs(store: Store) -> None:
    async def request() -> str:
        return await run_ops.request_run("token_cleanup", datetime.now(UTC), 7)

    run_id = store.do(request)
    assert call("run", "token_cleanup", "--due")[0] == 0
    requested = next(run for run in store.do(read_runs) if run.id == run_id)
    assert (requested.outcome, requested.requested_by) == (JobOutcome.SUCCEEDED, 7)


def test_run_due_gives_up_requests_older_than_ten_minutes(store: Store) -> None:
    async def request() -> str:
        return await run_ops.request_run("token_cleanup", datetime.now(UTC) - timedelta(minutes=11), 7)

    run_id = store.do(request)
    assert call("run", "token_cleanup", "--due")[0] == 0
    assert next(run for run in store.do(read_runs) if run.id == run_id).outcome is JobOutcome.MISSED


def test_no_job_runs_on_a_half_restored_database(store: Store) -> None:
    async def begin_restore() -> None:
        await take_marker(connection.current_database(), "a backup", "tollgate-x.zip", "an admin")

    store.do(begin_restore)
    status, _, problem = call("run", "token_cleanup")
    assert status == 1
    assert "half of tollgate-x.zip" in problem
    assert store.do(read_runs) == []


def test_run_builds_the_unique_index_of_ticks(store: Store) -> None:
    call("run", "token_cleanup")

    async def names() -> dict[str, bool]:
        return await connection.current_database().collection("job_runs").indexes()

    assert store.do(names)["job_1_scheduled_at_1"] is True


def test_the_usual_option_and_the_usual_names_run_our_jobs(store: Store) -> None:
    status, out, _ = call("run", "--task", "stats")
    assert (status, out.partition(":")[0]) == (0, "statistics")
    names = ("--task", "conversations", "--task", "users", "--task", "tokens")
    status, found = document("run", *names)
    assert (status, [run["job"] for run in found["runs"]]) == (0, ["housekeeping", "token_cleanup"])
    assert [run.job for run in store.do(read_runs)] == ["token_cleanup", "housekeeping", "statistics"]


def test_several_jobs_run_in_their_order_and_each_once(store: Store) -> None:
    _, found = document("run", "housekeeping", "statistics", "--task", "housekeeping")
    assert [run["job"] for run in found["runs"]] == ["housekeeping", "statistics"]


def test_an_unknown_task_is_wrong_usage_and_nothing_runs(store: Store) -> None:
    status, out, problem = call("run", "--task", "stats", "--task", "nothing")
    assert (status, out) == (2, "")
    assert "'nothing' is no job" in without_frame(problem)
    assert "housekeeping" in without_frame(problem)
    assert store.do(read_runs) == []


# list, history, leases


def test_list_has_every_job_with_its_plan_and_last_run(store: Store) -> None:
    call("run", "token_cleanup")
    status, found = document("list")
    assert status == 0
    assert (found["zone"], [job["name"] for job in found["jobs"]]) == ("America/Havana", list(registry.JOB_NAMES))
    jobs = {job["name"]: job for job in found["jobs"]}
    cleanup = jobs["token_cleanup"]
    assert (cleanup["schedule"], cleanup["last"]["outcome"]) == ("daily at 00:00 and 12:00", "succeeded")
    next_at = datetime.fromisoformat(cleanup["next_at"])
    assert next_at.hour in (0, 12), "in TIMEZONE"
    assert next_at > datetime.now(UTC)
    assert jobs["statistics"]["last"] is None
    assert jobs["broadcast_sender"]["next_at"] is None


def test_the_table_of_jobs_has_outcome_and_age(store: Store) -> None:
    call("run", "token_cleanup")
    call("pause", "statistics")
    status, out, _ = call("list")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert status == 0
    assert "America/Havana" in lines["job"]
    assert "daily at 00:00 and 12:00" in lines["token_cleanup"]
    assert "succeeded" in lines["token_cleanup"]
    assert lines["token_cleanup"].rstrip().endswith("ago")
    assert "not run yet" in lines["housekeeping"]
    assert "paused" in lines["statistics"]


def test_history_is_latest_first_and_can_be_of_one_job(store: Store) -> None:
    assert call("history")[1] == "no runs are remembered\n"
    for job in ("token_cleanup", "statistics", "token_cleanup"):
        call("run", job)
    _, found = document("history")
    assert [run["job"] for run in found["runs"]] == ["token_cleanup", "statistics", "token_cleanup"]
    _, found = document("history", "statistics")
    assert [run["job"] for run in found["runs"]] == ["statistics"]
    _, found = document("history", "--limit", "1")
    assert len(found["runs"]) == 1
    status, out, _ = call("history")
    assert (status, out.count("succeeded")) == (0, 3)


def test_leases_show_owners_and_pauses(store: Store) -> None:
    assert call("leases")[1] == "no job has run yet\n"
    store.do(let_app_hold)
    call("pause", "statistics")
    _, found = document("leases")
    leases = {lease["job"]: lease for lease in found["leases"]}
    assert (leases["token_cleanup"]["is_held"], leases["token_cleanup"]["owner"]) == (True, "app:1:run")
    assert (leases["statistics"]["is_held"], leases["statistics"]["paused_by"]) == (False, "cli")
    out = call("leases")[1]
    assert "app:1:run" in out
    assert "by cli" in out


# wrong usage, and a database that cannot be reached


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("pause", "nothing"),
        ("resume", "../../etc/passwd"),
        ("history", "token_cleanup/../backup"),
        ("run", "TOKEN_CLEANUP"),
        ("run", ""),
        ("run", "x" * 9999),
    ],
)
def test_an_unknown_job_is_wrong_usage_and_the_names_are_listed(store: Store, command: str, name: str) -> None:
    status, out, problem = call(command, name)
    assert (status, out) == (2, "")
    assert "no job" in without_frame(problem)
    for job in registry.JOB_NAMES:
        assert job in without_frame(problem)
    assert len(problem) < 4000


def test_without_a_command_it_prints_the_commands(store: Store) -> None:
    status, out, problem = call()
    assert status == 2
    for command in ("list", "run", "history", "leases", "pause", "resume"):
        assert command in out + problem


def test_all_cannot_be_paused(store: Store) -> None:
    assert call("pause", "all")[0] == 2


@pytest.mark.parametrize("words", [("run",), ("fly",), ("history", "--limit", "0"), ("list", "--xml")])
def test_wrong_usage_ends_with_status_2(store: Store, words: tuple[str, ...]) -> None:
    assert call(*words)[0] == 2


def test_a_missing_setting_ends_with_status_2(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_BOT_TOKEN")
    status, out, problem = call("list")
    assert (status, out) == (2, "")
    assert "ADMIN_BOT_TOKEN" in problem


@pytest.mark.parametrize("words", [("list",), ("run", "token_cleanup"), ("pause", "backup")])
def test_an_absent_database_ends_with_status_1_and_one_line(
    store: Store, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    async def open_absent(*_: Any, **__: Any) -> Database:
        database = await open_database("memory://", "away")

        def refuse(operation: str, collection: str) -> None:
            raise AutoReconnect("gone")

        database.before_call = refuse
        return database

    monkeypatch.setattr(connection, "open_database", open_absent)
    status, out, problem = call(*words)
    assert (status, out) == (1, "")
    assert problem.startswith("failed: ")
    assert problem.count("\n") == 1
    status, found = document(*words)
    assert (status, found["ok"]) == (1, False)
