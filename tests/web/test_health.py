"""/healthz, /readyz and /metrics: their results, and how rarely they query the database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pymongo.errors import AutoReconnect, OperationFailure

from core.clock import ManualClock
from core.health.findings import STALE_AFTER, BotHealth, Finding, Health, Trouble
from core.processes.polling_lease import UNPOLLED
from database.connection import Database, close_database
from database.operations import health_ops
from tests.web.auth.signing import Ticks
from web_app import health as subject
from web_app.health import METRICS_FOR_S, READY_FOR_S, health_router
from web_app.ops import OpsAccess, Reach

ANYBODY = OpsAccess(Reach.ANYWHERE)
NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
BOTS = (BotHealth(name="admin_bot", is_ok=True), BotHealth(name="user_bot", is_ok=True, pending_updates=4))
GOOD = Health(at=NOW, since=NOW, bots=BOTS, succeeded_at={"backup": NOW}, deletions_overdue=3, oldest_overdue_s=77)


@pytest.fixture
async def machine(clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(health_router(clock, ANYBODY))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client


def take_away(db: Database) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("mongodb://someone:hunter2@db.example: connection closed")

    db.before_call = refuse


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_healthz_works_without_a_database(machine: httpx.AsyncClient, method: str) -> None:
    await close_database()
    answer = await machine.request(method, "/healthz")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.text == ("ok\n" if method == "GET" else "")


async def test_healthz_makes_no_database_query(db: Database, machine: httpx.AsyncClient) -> None:
    db.calls.clear()
    assert (await machine.get("/healthz")).status_code == 200
    assert not db.calls


async def test_readyz_is_200_when_every_check_passes(db: Database, machine: httpx.AsyncClient) -> None:
    await health_ops.write(GOOD)
    answer = await machine.get("/readyz")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found = answer.json()
    assert found["ready"] is True
    assert {name: check["ok"] for name, check in found["checks"].items()} == dict.fromkeys(
        ("database", "bots", "jobs"), True
    )
    assert (await machine.head("/readyz")).content == b""


async def test_a_process_that_stands_by_is_ready_and_one_that_sees_nobody_poll_is_not(
    db: Database, clock: ManualClock
) -> None:
    await health_ops.write(GOOD)
    states = {"user_bot": "polling"}
    app = FastAPI()
    app.include_router(health_router(clock, ANYBODY, states))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        states["user_bot"] = "standing by"
        answer = await client.get("/readyz")
        states["user_bot"] = UNPOLLED
        unpolled = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["updates"] == {"ok": True, "user_bot": "standing by"}
    assert (unpolled.status_code, unpolled.json()["ready"]) == (503, False)
    assert unpolled.json()["checks"]["updates"] == {"ok": False, "user_bot": UNPOLLED}


async def test_readyz_is_503_before_the_first_health_check(db: Database, machine: httpx.AsyncClient) -> None:
    answer = await machine.get("/readyz")
    assert answer.status_code == 503
    assert {name: check["ok"] for name, check in answer.json()["checks"].items()} == {
        "database": True,
        "bots": False,
        "jobs": False,
    }


@pytest.mark.parametrize(("age", "status"), [(STALE_AFTER, 200), (STALE_AFTER + timedelta(seconds=1), 503)])
async def test_a_health_check_older_than_three_minutes_is_not_used(
    db: Database, machine: httpx.AsyncClient, clock: ManualClock, age: timedelta, status: int
) -> None:
    await health_ops.write(GOOD)
    clock.move(age)
    assert (await machine.get("/readyz")).status_code == status


@pytest.mark.parametrize(
    ("finding", "failing"),
    [
        (Finding(trouble=Trouble.WEBHOOK_SET, subject="user_bot"), "bots"),
        (Finding(trouble=Trouble.BOT_UNKNOWN, subject="user_bot"), "bots"),
        (Finding(trouble=Trouble.SECOND_POLLER, subject="user_bot"), "bots"),
        (Finding(trouble=Trouble.NOBODY_POLLS, subject="user_bot"), "bots"),
        (Finding(trouble=Trouble.JOB_OVERDUE, subject="message_deleter"), "jobs"),
        (Finding(trouble=Trouble.JOB_FAILED, subject="backup"), None),
        (Finding(trouble=Trouble.FLOOD, subject="user_bot"), None),
    ],
)
async def test_readyz_names_the_failing_check(
    db: Database, machine: httpx.AsyncClient, finding: Finding, failing: str | None
) -> None:
    await health_ops.write(GOOD.model_copy(update={"findings": (finding,)}))
    answer = await machine.get("/readyz")
    assert answer.status_code == (503 if failing else 200)
    checks = answer.json()["checks"]
    assert [name for name, check in checks.items() if not check["ok"]] == ([failing] if failing else [])
    if failing:
        assert finding.subject in str(checks[failing])


async def test_an_unavailable_database_is_named_without_its_address(db: Database, machine: httpx.AsyncClient) -> None:
    take_away(db)
    answer = await machine.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"]["ok"] is False
    assert "hunter2" not in answer.text
    assert "db.example" not in answer.text


async def test_a_hanging_database_is_waited_for_one_second_at_most(
    db: Database, machine: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subject.STORE_WITHIN_S <= 1.0
    monkeypatch.setattr(subject, "STORE_WITHIN_S", 0.01)

    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Database, "ping", hang)
    monkeypatch.setattr(db.collection("health"), "find_one", hang)
    async with asyncio.timeout(5):
        assert (await machine.get("/readyz")).status_code == 503
        assert (await machine.get("/metrics")).status_code == 200


async def test_a_closed_database_is_no_internal_error(machine: httpx.AsyncClient) -> None:
    await close_database()
    assert (await machine.get("/readyz")).status_code == 503
    assert (await machine.get("/metrics")).status_code == 200


async def test_a_thousand_probes_query_the_database_once_a_second(
    db: Database, machine: httpx.AsyncClient, ticks: Ticks
) -> None:
    await health_ops.write(GOOD)
    db.calls.clear()
    await asyncio.gather(*(machine.get("/readyz") for _ in range(1000)))
    # the small write: once a minute
    assert db.calls == {"ping ": 1, "find_one health": 1, "update_one health": 1}
    ticks.now += READY_FOR_S
    await machine.get("/readyz")
    assert db.calls == {"ping ": 2, "find_one health": 2, "update_one health": 1}


async def test_readyz_is_503_while_the_database_refuses_writes_and_says_why(
    db: Database, machine: httpx.AsyncClient
) -> None:
    def refuse(operation: str, collection: str) -> None:
        if operation == "update_one":
            raise OperationFailure("over the quota of someone:hunter2", 8000)

    await health_ops.write(GOOD)
    db.before_call = refuse
    answer = await machine.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == {
        "ok": False,
        "problem": "takes no writes: update_one health: OperationFailure 8000",
    }


async def test_metrics_cost_one_read_in_five_seconds(db: Database, machine: httpx.AsyncClient, ticks: Ticks) -> None:
    await health_ops.write(GOOD)
    db.calls.clear()
    for _ in range(20):
        assert (await machine.get("/metrics")).status_code == 200
    assert db.calls == {"find_one health": 1}
    ticks.now += METRICS_FOR_S
    await machine.get("/metrics")
    assert db.calls == {"find_one health": 2}


async def test_metrics_are_prometheus_text_with_the_last_health_check(db: Database, machine: httpx.AsyncClient) -> None:
    await health_ops.write(GOOD)
    answer = await machine.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert values["tollgate_job_last_success_timestamp_seconds", "backup"] == NOW.timestamp()
    assert values["tollgate_pending_deletions_overdue",] == 3
    assert values["tollgate_pending_deletions_oldest_overdue_seconds",] == 77
    assert values["tollgate_telegram_pending_updates", "user_bot"] == 4
    assert values["tollgate_telegram_up", "admin_bot"] == 1
    assert values["tollgate_health_check_timestamp_seconds",] == pytest.approx(NOW.timestamp())
    assert values["process_resident_memory_bytes",] > 1e6
    assert (await machine.head("/metrics")).content == b""


async def test_a_probe_about_one_process_excludes_what_is_the_same_for_all(
    db: Database, machine: httpx.AsyncClient
) -> None:
    """With the jobs in it, one overdue job would take every replica out of rotation."""
    assert (await machine.get("/readyz")).status_code == 503, "no health check yet"
    answer = await machine.get("/readyz?exclude=bots&exclude=jobs")
    assert (answer.status_code, list(answer.json()["checks"])) == (200, ["database"])
    assert (await machine.get("/readyz?exclude=bots")).status_code == 503


async def test_an_excluded_check_that_there_is_not_is_refused(db: Database, machine: httpx.AsyncClient) -> None:
    answer = await machine.get("/readyz?exclude=bot")
    assert (answer.status_code, answer.text) == (400, "exclude: database, bots, jobs are expected\n")


async def test_a_database_that_is_away_is_not_ready_whatever_is_excluded(
    db: Database, machine: httpx.AsyncClient
) -> None:
    take_away(db)
    assert (await machine.get("/readyz?exclude=bots&exclude=jobs")).status_code == 503


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_post_is_405(db: Database, machine: httpx.AsyncClient, path: str) -> None:
    assert (await machine.post(path)).status_code == 405
