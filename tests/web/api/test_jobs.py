"""The API of the jobs: status, run, pause, resume, and malformed requests."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import ManualClock
from core.jobs import JobOutcome, RunReport
from database.connection import Database
from database.operations import audit_ops, lease_ops, run_ops
from schedulers import registry
from tests.web.auth.signing import API, OWNER, STATUS, TRIGGER, bearer
from tests.web.conftest import NOW, whole

MINUTE = timedelta(minutes=1)
#: names that would be harmful if they were used for anything but a comparison
TRAVERSALS = [
    "../../etc/passwd",
    "..%2f..%2fetc",
    "token_cleanup/../backup",
    "token_cleanup\x00",
    "token_cleanup ",
    "TOKEN_CLEANUP",
    "",
    "*",
    "__class__",
    "backup; rm -rf /",
    "<script>",
    "ａｌｌ",
]


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def job(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    (found,) = [one for one in (await client.get(STATUS)).json()["jobs"] if one["name"] == name]
    return dict(found)


# --- status


async def test_the_status_lists_every_job_in_order(client: httpx.AsyncClient, db: Database) -> None:
    found = (await client.get(STATUS)).json()
    assert (found["now"], found["zone"]) == ("2026-03-01T12:00:00.250000Z", "Europe/Berlin")
    assert [one["name"] for one in found["jobs"]] == [*registry.JOB_NAMES]
    assert (found["status"], found["total_jobs"]) == ("stopped", len(registry.JOB_NAMES))
    backup = await job(client, "backup")
    assert backup == {
        "name": "backup",
        "title": "Backup",
        "purpose": "writes a backup of the database",
        "schedule": backup["schedule"],
        "trigger": "cron[hour='2', minute='0']",
        # 02:00 in Berlin
        "next_at": "2026-03-02T01:00:00Z",
        "is_off": False,
        "is_paused": False,
        "paused_by": None,
        "is_running": False,
        "is_waiting": False,
        "last": None,
    }
    assert "02:00" in backup["schedule"]
    sender = await job(client, "broadcast_sender")
    assert (sender["next_at"], sender["trigger"]) == (None, "due")
    assert (await job(client, "broadcast_deleter"))["trigger"] == "interval[1:00:00] or due"


async def test_the_last_run_is_shown_without_secrets(client: httpx.AsyncClient, db: Database) -> None:
    run_id = await run_ops.start_run("backup", NOW - MINUTE, "me", NOW - MINUTE)
    assert run_id is not None
    error = "OSError: mongodb://me:hunter2@db.example is full"
    report = RunReport(
        "backup", JobOutcome.FAILED, NOW, NOW - MINUTE, timedelta(seconds=1.5), {"documents": 3}, True, error
    )
    await run_ops.finish_run(run_id, report)
    assert (await job(client, "backup"))["last"] == {
        "outcome": "failed",
        "started_at": "2026-03-01T11:59:00.250000Z",
        "finished_at": "2026-03-01T11:59:01.750000Z",
        "duration_s": 1.5,
        "counts": {"documents": 3},
        "more": True,
        "error": "OSError: mongodb://***@db.example is full",
        "requested_by": None,
    }


async def test_a_running_job_is_shown_as_running(client: httpx.AsyncClient, db: Database, clock: ManualClock) -> None:
    await lease_ops.take("backup", "me", clock.now(), MINUTE)
    await run_ops.start_run("backup", NOW, "me", clock.now())
    found = await job(client, "backup")
    assert (found["is_running"], found["is_waiting"], found["last"]["outcome"]) == (True, False, None)
    clock.move(MINUTE)
    assert (await job(client, "backup"))["is_running"] is False


# --- run, pause, resume


async def test_repeated_triggers_of_a_job_are_one_requested_run(client: httpx.AsyncClient, db: Database) -> None:
    first = await client.post(TRIGGER, json={"task": "token_cleanup"})
    second = await client.post(TRIGGER, json={"task": "token_cleanup"})
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    (waiting,) = await run_ops.find_requests()
    assert first.json() == {"requested": [{"task": "token_cleanup", "run_id": waiting.id, "result": None}]}
    assert (waiting.job, waiting.requested_by) == ("token_cleanup", OWNER)
    assert (await job(client, "token_cleanup"))["is_waiting"] is True
    assert [(one.action, one.target) for one in await audit_ops.last(5)] == [("job.run", "token_cleanup")] * 2


async def test_all_triggers_every_job(client: httpx.AsyncClient, db: Database) -> None:
    found = (await client.post(TRIGGER, json={"task": "all"})).json()
    assert [one["task"] for one in found["requested"]] == [*registry.JOB_NAMES]
    assert {run.job for run in await run_ops.find_requests()} == set(registry.JOB_NAMES)
    assert len(await audit_ops.last(100)) == len(registry.JOB_NAMES)


@pytest.mark.parametrize(("alias", "name"), [("stats", "statistics"), ("messages", "message_deleter")])
async def test_a_usual_name_of_other_services_requests_the_job(
    client: httpx.AsyncClient, db: Database, alias: str, name: str
) -> None:
    in_body = (await client.post(TRIGGER, json={"task": alias})).json()
    in_address = (await client.post(f"{TRIGGER}/{alias}")).json()
    assert in_body == in_address
    assert [one["task"] for one in in_body["requested"]] == [name]
    assert [run.job for run in await run_ops.find_requests()] == [name]
    assert {one.target for one in await audit_ops.last(5)} == {name}


async def test_a_job_is_paused_and_resumed_once(client: httpx.AsyncClient, db: Database) -> None:
    pause, resume = f"{API}/scheduler/pause", f"{API}/scheduler/resume"
    body = {"task": "backup"}
    assert (await client.post(resume, json=body)).json() == {"task": "backup", "is_paused": False, "changed": False}
    for changed in (True, False):
        answer = await client.post(pause, json=body)
        assert answer.json() == {"task": "backup", "is_paused": True, "changed": changed}
    found = await job(client, "backup")
    assert (found["is_paused"], found["paused_by"]) == (True, OWNER)
    for changed in (True, False):
        assert (await client.post(resume, json=body)).json()["changed"] is changed
    found = await job(client, "backup")
    assert (found["is_paused"], found["paused_by"]) == (False, None)
    # calls that changed nothing are not audited
    assert [one.action for one in await audit_ops.last(9)] == ["job.resumed", "job.paused"]


@pytest.mark.parametrize(
    ("action", "task"),
    [*(("trigger", task) for task in TRAVERSALS), ("pause", TRAVERSALS[0]), ("resume", TRAVERSALS[0])],
)
async def test_an_unknown_task_is_422_with_the_known_names(
    client: httpx.AsyncClient, db: Database, action: str, task: str
) -> None:
    before = await whole(db)
    answer = await client.post(f"{API}/scheduler/{action}", json={"task": task})
    assert answer.status_code == 422
    found = answer.json()
    assert found["code"] == "unknown_task"
    assert [name for name in found["tasks"] if name != "all"] == [*registry.JOB_NAMES]
    assert ("all" in found["tasks"]) is (action == "trigger")
    if task:
        assert task not in found["error"]
    assert await whole(db) == before


async def test_all_cannot_be_paused(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"{API}/scheduler/pause", json={"task": "all"})).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "backup",
        None,
        1,
        {"task": None},
        {"task": 1},
        {"task": ["backup"]},
        {"task": {"$ne": None}},
        {"task": "backup", "more": 1},
        {"task": "x" * 65},
    ],
)
async def test_a_request_of_the_wrong_shape_is_422(client: httpx.AsyncClient, db: Database, body: Any) -> None:
    before = await whole(db)
    content = json.dumps(body).encode()
    answer = await client.post(TRIGGER, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert answer.json()["fields"]
    assert await whole(db) == before


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'task': 'backup'}", b"\xff\xfe", b"[" * 60_000, b'{"task": "\\ud800"}', b'{"task": NaN', b"\x00"],
)
async def test_a_body_that_is_no_json_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(TRIGGER, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


async def test_a_number_with_60000_digits_is_refused_without_an_error(client: httpx.AsyncClient) -> None:
    body = b'{"task": ' + b"9" * 60_000 + b"}"
    answer = await client.post(TRIGGER, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


async def test_a_long_field_name_is_shortened_in_the_answer(client: httpx.AsyncClient) -> None:
    answer = await client.post(TRIGGER, json={"task": "backup"} | {f"{number}{'x' * 500}": 1 for number in range(50)})
    assert answer.status_code == 422
    assert len(answer.content) < 3000


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", "é"]
)
async def test_another_content_type_than_json_is_415(client: httpx.AsyncClient, kind: str) -> None:
    content = b'{"task": "backup"}'
    answer = await client.post(TRIGGER, content=content, headers=[(b"content-type", kind.encode())])
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_type")


async def test_a_charset_in_the_content_type_is_accepted(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        TRIGGER, content=b'{"task": "backup"}', headers={"content-type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 202
