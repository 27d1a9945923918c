"""The API: refusals, OpenAPI description, headers; and the headers of the admin page."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog
from pymongo.errors import OperationFailure

from core.clock import ManualClock
from core.publishing.steps import Step
from database.connection import Database
from schedulers import registry
from tests.web.auth.signing import API, OWNER, STATISTICS, STATUS, TRIGGER, bearer
from web_app.app import build_app
from web_app.services import Services

#: routes of settings, broadcasts and the system
OF_DESK = {
    (f"{API}/settings", "get"),
    (f"{API}/settings/{{name}}", "put"),
    (f"{API}/settings/{{name}}/preview", "post"),
    (f"{API}/broadcasts", "get"),
    (f"{API}/broadcasts/{{broadcast_id}}", "get"),
    (f"{API}/broadcasts/{{broadcast_id}}/{{decision}}", "post"),
    (f"{API}/system/backups", "get"),
    (f"{API}/system/maintenance", "get"),
    (f"{API}/system/maintenance", "put"),
    (f"{API}/system/export", "post"),
    (f"{API}/system/export/file", "get"),
}


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


# --- refusals


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "session", {"GET", "POST", "DELETE"}),
        ("PUT", "session", {"GET", "POST", "DELETE"}),
        ("POST", "scheduler/status", {"GET"}),
        ("GET", "scheduler/trigger", {"POST"}),
        ("HEAD", "scheduler/trigger", {"POST"}),
        ("DELETE", "scheduler/pause", {"POST"}),
        ("BREW", "scheduler/resume", {"POST"}),
        ("TRACE", "openapi.json", {"GET"}),
    ],
)
async def test_unsupported_methods_are_answered_with_405_and_json(
    client: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = await client.request(method, f"{API}/{path}")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.headers["allow"].split(", ")) == {*allowed, "OPTIONS"}
    if method != "HEAD":
        assert answer.json()["code"] == "wrong_method"


@pytest.mark.parametrize("path", ["/api/", "/api/x", "/api/admin", f"{STATUS}/", f"{API}/scheduler/status/x"])
async def test_an_unknown_address_is_answered_with_404_and_json(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "There is nothing here.", "code": "not_found"})


async def test_an_unexpected_error_is_json_with_an_id_that_is_in_the_log(
    client: httpx.AsyncClient, db: Database
) -> None:
    def refuse(*_: str) -> None:
        raise OperationFailure("a secret of the server", 2)

    db.before_call = refuse
    with structlog.testing.capture_logs() as logged:
        answer = await client.get(STATUS)
    assert answer.status_code == 500
    (line,) = [entry for entry in logged if entry["log_level"] == "error"]
    assert answer.json() == {
        "error": "Something went wrong on our side.",
        "code": "failed",
        "error_id": line["error_id"],
    }


async def test_a_picture_that_cannot_be_drawn_is_500_without_a_stack_trace(
    db: Database, services: Services, clock: ManualClock
) -> None:
    async def broken(*_: Any) -> bytes:
        raise ZeroDivisionError("inside")

    assert services.admin is not None
    app = build_app(replace(services, admin=replace(services.admin, draw=broken)))
    headers = bearer(OWNER, clock.now())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers
    ) as client:
        with structlog.testing.capture_logs():
            answers = [await client.get(f"{API}/pictures/users.png") for _ in range(2)]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (500, "failed")
        assert "inside" not in answer.text


# --- its description and headers


#: path below /posts, and method
POSTS = (
    ("", "get"),
    ("/draft/preview", "post"),
    ("/{code}", "get"),
    ("/{code}", "patch"),
    ("/{code}/announcements/change", "post"),
    ("/{code}/draft", "get"),
    ("/{code}/numbers", "get"),
    ("/{code}/places", "post"),
    ("/{code}/publish", "post"),
    ("/{code}/removal", "get"),
    ("/{code}/remove", "post"),
    ("/{code}/restore", "post"),
    ("/{code}/take-down", "post"),
)


async def test_the_description_needs_no_session_and_names_every_route(
    services: Services, client: httpx.AsyncClient
) -> None:
    del client.headers["authorization"]
    answer = await client.get(f"{API}/openapi.json")
    assert answer.status_code == 200
    document = answer.json()
    routes = {(path, method) for path, operations in document["paths"].items() for method in operations}
    assert routes == {
        (f"{API}/session", "get"),
        (f"{API}/session", "post"),
        (f"{API}/session", "delete"),
        (STATUS, "get"),
        (TRIGGER, "post"),
        (f"{TRIGGER}/{{task}}", "post"),
        (f"{API}/scheduler/pause", "post"),
        (f"{API}/scheduler/resume", "post"),
        (STATISTICS, "get"),
        (f"{STATISTICS}.csv", "get"),
        (f"{API}/pictures/{{kind}}.png", "get"),
        *((f"{API}/posts{path}", method) for path, method in POSTS),
        (f"{API}/schedule", "get"),
        (f"{API}/announcements/{{id}}", "get"),
        *((f"{API}/announcements/{{id}}/{step}", "post") for step in Step),
        *((f"{API}/numbers{path}", "get") for path in ("", ".csv", "/posts")),
        *OF_DESK,
        (f"{API}/subscribers", "get"),
        (f"{API}/subscribers/count", "get"),
        (f"{API}/subscribers/changes", "post"),
        (f"{API}/subscribers/undo", "post"),
        (f"{API}/subscribers/gifts", "post"),
        (f"{API}/subscribers/gifts/{{code}}", "delete"),
        (f"{API}/subscribers/{{user_id}}", "get"),
        (f"{API}/subscribers/{{user_id}}/end-pass", "post"),
        (f"{API}/subscribers/{{user_id}}/unban", "post"),
        (f"{API}/sessions", "get"),
        (f"{API}/sessions/{{key}}", "delete"),
        (f"{API}/sessions/of/{{user_id}}", "delete"),
        (f"{API}/team", "get"),
        (f"{API}/team/members/{{user_id}}/role", "put"),
        (f"{API}/team/members/{{user_id}}", "delete"),
        (f"{API}/team/invitations", "post"),
        (f"{API}/team/invitations/{{key}}", "delete"),
        (f"{API}/team/activity", "get"),
        (f"{API}/team/activity.csv", "get"),
    }
    trigger = document["paths"][TRIGGER]["post"]
    schema_of_body = trigger["requestBody"]["content"]["application/json"]["schema"]
    assert schema_of_body["properties"]["task"]["enum"] == [*registry.JOB_NAMES, "all"]
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["description"]
            assert {"401", "403", "429", "500", "503"} <= set(operation["responses"])
            schema = operation["responses"]["401"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}
    assert set(document["components"]["schemas"]["Error"]["required"]) == {"error", "code"}
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "ValidationError" not in document["components"]["schemas"]


async def test_the_api_has_the_headers_of_every_answer(client: httpx.AsyncClient) -> None:
    for answer in (await client.get(STATUS), await client.get("/api/x"), await client.post(TRIGGER, json={})):
        assert "script" not in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


async def test_without_the_admin_part_there_is_no_api(db: Database, services: Services) -> None:
    app = build_app(replace(services, admin=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert (await client.get(STATUS)).status_code == 404


# --- the page beside it


async def test_the_admin_page_may_run_our_script_and_be_framed_by_telegram(client: httpx.AsyncClient) -> None:
    del client.headers["authorization"]
    answer = await client.get("/admin")
    assert answer.status_code == 200
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == "'self' https://web.telegram.org https://*.telegram.org"
    assert "unsafe" not in str(policy)


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/x", "/adminx", "/api/admin", "/v/admin", "/static/admin", "/%61dmin/", "//admin"]
)
async def test_no_other_address_may_run_scripts_or_be_framed(client: httpx.AsyncClient, path: str) -> None:
    policy = (await client.get(path)).headers["content-security-policy"]
    assert "script" not in policy
    assert "frame-ancestors 'none'" in policy
