"""`python -m schedulers`: what it says, what it leaves, how it ends; on one store, as the app beside it would have."""

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
from core.timetable import JOB_NAMES
from database import connection
from database.backups.restore_marker import take_marker
from database.connection import Database, close_database, open_database
from database.operations import lease_ops, run_ops
from monitoring import logs
from schedulers import cli
from schedulers.leases import TTL

T = TypeVar("T")
URI = os.environ.get("MONGO_URI", "memory://")
SAFE = ("token_cleanup", "token_count_reset", "statistics", "housekeeping")


def silence(*_: object) -> str:
    raise structlog.DropEvent


class Store:
    """A database that outlives the commands: on the server, or the same one in memory."""

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
        """Something with the store open, between two commands."""

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
    # the command's own would outlive the test
    monkeypatch.setattr(logs, "configure", lambda *_: structlog.configure(processors=[silence]))
    store.keep(monkeypatch)
    yield store
    structlog.reset_defaults()
    if URI != "memory://":
        asyncio.run(store.drop())


def call(*words: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    result = CliRunner().invoke(cli.app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def document(*words: str) -> tuple[int, Any]:
    status, out, _ = call(*words, "--json")
    return status, json.loads(out)


def plainly(text: str) -> str:
    """Without the frame that is drawn around an error, on one line."""
    return " ".join(text.replace("│", " ").split())


async def expired_tokens() -> None:
    tokens = connection.current_database().collection("tokens")
    long_ago = datetime.now(UTC) - timedelta(days=3)
    for number in range(3):
        row = {"token": f"{number}", "user_id": 1, "status": "verified", "expires_at": long_ago, "created_at": long_ago}
        await tokens.insert_one(row)


async def runs() -> list[JobRun]:
    return await run_ops.last_runs(50)


async def held_by_the_app(job: str = "token_cleanup") -> None:
    assert await lease_ops.take(job, "app:1:run", datetime.now(UTC), TTL) is not None


# run


def test_a_job_is_run_and_says_in_a_sentence_what_it_did(store: Store) -> None:
    store.do(expired_tokens)
    assert call("run", "token_cleanup") == (0, "token_cleanup: Removed 3 expired tokens\n", "")
    (run,) = store.do(runs)
    assert (run.outcome, run.requested_by, run.counts["deleted"]) == (JobOutcome.SUCCEEDED, "cli", 3)
    assert store.do(lease_ops.find_many)["token_cleanup"].owner is None


def test_a_run_is_one_document_for_programs(store: Store) -> None:
    store.do(expired_tokens)
    status, found = document("run", "token_cleanup")
    assert (status, found["ok"]) == (0, True)
    (run,) = found["runs"]
    assert (run["job"], run["outcome"], run["counts"]["deleted"]) == ("token_cleanup", "succeeded", 3)


def test_what_the_app_is_at_is_not_done_twice(store: Store) -> None:
    store.do(expired_tokens)
    store.do(held_by_the_app)
    status, out, _ = call("run", "token_cleanup")
    assert (status, out) == (1, "token_cleanup: not run: app:1:run has it\n")
    assert store.do(runs) == []
    status, found = document("run", "token_cleanup")
    assert (status, found["ok"], found["runs"][0]["outcome"]) == (1, False, "skipped")


def test_a_job_that_fails_ends_with_1_and_the_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("on purpose")

    monkeypatch.setattr("database.operations.token_ops.delete_expired_and_used_tokens", broken)
    status, out, _ = call("run", "token_cleanup")
    assert status == 1
    assert out.startswith("token_cleanup: failed: ValueError: on purpose")
    status, found = document("run", "token_cleanup")
    assert (status, found["ok"], found["runs"][0]["error"]) == (1, False, "ValueError: on purpose")


def test_of_all_jobs_one_that_fails_keeps_none_from_running(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("on purpose")

    monkeypatch.setattr(cli, "JOB_NAMES", SAFE)
    monkeypatch.setattr("database.operations.token_ops.delete_expired_and_used_tokens", broken)
    status, out, _ = call("run", "all")
    assert status == 1
    assert [line.partition(":")[0] for line in out.splitlines()] == list(SAFE)
    assert sorted(run.outcome or "" for run in store.do(runs)) == ["failed", "succeeded", "succeeded", "succeeded"]


def test_a_paused_job_runs_by_its_name_but_not_among_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "JOB_NAMES", SAFE)
    assert call("pause", "token_cleanup")[:2] == (0, "token_cleanup: paused\n")
    assert call("pause", "token_cleanup")[:2] == (0, "token_cleanup: nothing to change\n")
    status, out, _ = call("run", "all")
    assert (status, "token_cleanup: not run: paused" in out) == (0, True)
    assert call("run", "token_cleanup")[0] == 0
    assert document("resume", "token_cleanup") == (0, {"ok": True, "job": "token_cleanup", "changed": True})
    assert document("resume", "token_cleanup")[1]["changed"] is False
    status, out, _ = call("run", "all")
    assert "not run" not in out


def test_what_is_due_is_run_once_a_tick_however_often_cron_asks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "JOB_NAMES", SAFE)
    for _ in range(3):
        assert call("run", "all", "--due")[0] == 0
    found = store.do(runs)
    assert sorted(run.job for run in found) == sorted(SAFE)
    assert {run.requested_by for run in found} == {None}, "they are ticks, as the app runs them"


def test_what_was_asked_for_elsewhere_is_begun_by_the_next_line_of_cron(store: Store) -> None:
    async def ask() -> str:
        return await run_ops.request_run("token_cleanup", datetime.now(UTC), 7)

    run_id = store.do(ask)
    assert call("run", "token_cleanup", "--due")[0] == 0
    asked = next(run for run in store.do(runs) if run.id == run_id)
    assert (asked.outcome, asked.requested_by) == (JobOutcome.SUCCEEDED, 7)


def test_what_was_asked_for_too_long_ago_is_given_up(store: Store) -> None:
    async def ask() -> str:
        return await run_ops.request_run("token_cleanup", datetime.now(UTC) - timedelta(minutes=11), 7)

    run_id = store.do(ask)
    assert call("run", "token_cleanup", "--due")[0] == 0
    assert next(run for run in store.do(runs) if run.id == run_id).outcome is JobOutcome.MISSED


def test_nothing_runs_on_a_half_restored_database(store: Store) -> None:
    async def cut_short() -> None:
        await take_marker(connection.current_database(), "a backup", "tollgate-x.zip", "somebody")

    store.do(cut_short)
    status, _, said = call("run", "token_cleanup")
    assert status == 1
    assert "half of tollgate-x.zip" in said
    assert store.do(runs) == []


def test_a_run_migrates_an_older_database_first_and_refuses_a_newer_one(store: Store) -> None:
    async def put_an_old_promise() -> None:
        await connection.current_database().collection("pending_deletions").insert_one({"wish": "message 5"})

    async def make_newer() -> list[str]:
        db = connection.current_database()
        await db.collection("migrations").update_one({}, {"$set": {"last": 1000}})
        return [promise["request_key"] for promise in await db.collection("pending_deletions").find({}, limit=5)]

    store.do(put_an_old_promise)
    assert call("run", "token_cleanup")[0] == 0
    assert store.do(make_newer) == ["message 5"]
    status, _, said = call("run", "token_cleanup")
    assert status == 1
    assert "migrated by a newer version" in said


def test_a_run_builds_the_indexes_that_make_a_tick_the_only_one(store: Store) -> None:
    call("run", "token_cleanup")

    async def names() -> dict[str, bool]:
        return await connection.current_database().collection("job_runs").indexes()

    assert store.do(names)["job_1_scheduled_at_1"] is True


# looking


def test_every_job_is_listed_with_its_plan_and_its_last_run(store: Store) -> None:
    call("run", "token_cleanup")
    status, found = document("list")
    assert status == 0
    assert (found["zone"], [job["name"] for job in found["jobs"]]) == ("America/Havana", list(JOB_NAMES))
    jobs = {job["name"]: job for job in found["jobs"]}
    cleanup = jobs["token_cleanup"]
    assert (cleanup["schedule"], cleanup["last"]["outcome"]) == ("daily at 00:00 and 12:00", "succeeded")
    next_at = datetime.fromisoformat(cleanup["next_at"])
    assert next_at.hour in (0, 12), "in TIMEZONE"
    assert next_at > datetime.now(UTC)
    assert jobs["statistics"]["last"] is None
    assert jobs["broadcast_sender"]["next_at"] is None


def test_the_list_for_people_names_outcome_and_age(store: Store) -> None:
    call("run", "token_cleanup")
    call("pause", "statistics")
    status, out, _ = call("list")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert status == 0
    assert "America/Havana" in lines["job"]
    assert "daily at 00:00 and 12:00" in lines["token_cleanup"]
    assert "succeeded" in lines["token_cleanup"]
    assert lines["token_cleanup"].rstrip().endswith("ago")
    assert "never ran" in lines["housekeeping"]
    assert "paused" in lines["statistics"]


def test_the_history_is_latest_first_and_of_one_job_when_asked(store: Store) -> None:
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


def test_leases_say_who_has_what_and_what_is_paused(store: Store) -> None:
    assert call("leases")[1] == "no job has run yet\n"
    store.do(held_by_the_app)
    call("pause", "statistics")
    _, found = document("leases")
    leases = {lease["job"]: lease for lease in found["leases"]}
    assert (leases["token_cleanup"]["is_held"], leases["token_cleanup"]["owner"]) == (True, "app:1:run")
    assert (leases["statistics"]["is_held"], leases["statistics"]["paused_by"]) == (False, "cli")
    out = call("leases")[1]
    assert "app:1:run" in out
    assert "by cli" in out


# wrong usage, and a database that is away


@pytest.mark.parametrize("command", ["run", "pause", "resume", "history"])
@pytest.mark.parametrize(
    "name", ["nothing", "../../etc/passwd", "token_cleanup/../backup", "TOKEN_CLEANUP", "", "x" * 9999]
)
def test_what_is_no_job_is_wrong_usage_and_the_names_are_told(store: Store, command: str, name: str) -> None:
    status, out, problem = call(command, name)
    assert (status, out) == (2, "")
    assert "no job" in plainly(problem)
    for job in JOB_NAMES:
        assert job in plainly(problem)
    assert len(problem) < 4000


def test_all_is_no_name_to_pause(store: Store) -> None:
    assert call("pause", "all")[0] == 2


@pytest.mark.parametrize("words", [("run",), ("fly",), ("history", "--limit", "0"), ("list", "--xml")])
def test_wrong_usage_ends_with_2(store: Store, words: tuple[str, ...]) -> None:
    assert call(*words)[0] == 2


def test_a_missing_configuration_ends_with_2(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_IDS")
    status, out, problem = call("list")
    assert (status, out) == (2, "")
    assert "ADMIN_IDS" in problem


@pytest.mark.parametrize("words", [("list",), ("run", "token_cleanup"), ("pause", "backup")])
def test_a_database_that_is_away_ends_with_1_and_one_line(
    store: Store, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    async def away(*_: Any, **__: Any) -> Database:
        database = await open_database("memory://", "away")

        def refuse(operation: str, collection: str) -> None:
            raise AutoReconnect("gone")

        database.before_call = refuse
        return database

    monkeypatch.setattr(connection, "open_database", away)
    status, out, problem = call(*words)
    assert (status, out) == (1, "")
    assert problem.startswith("failed: ")
    assert problem.count("\n") == 1
    status, found = document(*words)
    assert (status, found["ok"]) == (1, False)
