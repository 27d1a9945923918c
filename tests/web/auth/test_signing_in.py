"""Signing in by Mini App and by link over HTTP, and cross-site requests."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from core.clock import ManualClock
from database.connection import Database
from database.operations import audit_ops, login_ops
from tests.web.auth.signing import (
    EDITOR,
    MANAGER,
    OWNER,
    SESSION,
    STATUS,
    STRANGER,
    TRIGGER,
    USER_TOKEN,
    bearer,
    cookie_of,
    init_data,
    signed_in,
)
from tests.web.conftest import whole
from web_app.app import build_app
from web_app.services import Services

MINUTE, SECOND, MS = timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1)


pytestmark = pytest.mark.usefixtures("admins")


# --- Mini App


@pytest.mark.parametrize("user_id", [OWNER, MANAGER])
async def test_an_operator_who_opens_the_mini_app_is_signed_in(
    client: httpx.AsyncClient, clock: ManualClock, user_id: int
) -> None:
    answer = await client.post(SESSION, json={"init_data": init_data(user_id, clock.now())})
    assert answer.status_code == 200
    session = answer.json()
    assert (session["user_id"], session["token_type"]) == (user_id, "Bearer")
    assert session["expires_at"] == "2026-03-01T12:15:00Z"
    assert session["signed_in_until"] == "2026-03-02T00:00:00Z"
    assert (await client.get(STATUS)).status_code == 200
    client.cookies.clear()
    assert (await client.get(STATUS)).status_code == 401
    assert (await client.get(STATUS, headers={"authorization": f"Bearer {session['token']}"})).status_code == 200
    (entry,) = await audit_ops.last(5)
    assert (entry.admin_id, entry.action, entry.target) == (user_id, "session.started", "mini app")


async def test_the_cookie_is_secure_http_only_and_same_site(client: httpx.AsyncClient, clock: ManualClock) -> None:
    answer = await signed_in(client, OWNER, clock.now())
    cookie = cookie_of(answer)
    assert cookie == {
        "value": answer.json()["token"],
        "max-age": "899",
        "path": "/",
        "secure": True,
        "httponly": True,
        "samesite": "strict",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Cookie, Authorization"


@pytest.mark.parametrize(
    ("base_url", "is_secure", "path"),
    [
        ("", False, "/"),
        ("http://127.0.0.1:8080", False, "/"),
        ("https://gate.example", True, "/"),
        ("https://gate.example/gate", True, "/gate"),
    ],
)
async def test_the_cookie_follows_the_public_address(
    db: Database, clock: ManualClock, services: Services, base_url: str, is_secure: bool, path: str
) -> None:
    assert services.admin is not None
    elsewhere = replace(services, admin=replace(services.admin, base_url=base_url))
    transport = httpx.ASGITransport(build_app(elsewhere))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        answer = await signed_in(client, OWNER, clock.now())
    cookie, prefix = cookie_of(answer), "" if not is_secure else "__Host-" if path == "/" else "__Secure-"
    assert (bool(cookie.get("secure")), cookie["path"]) == (is_secure, path)
    assert answer.headers["set-cookie"].startswith(f"{prefix}tollgate_session=")


async def test_who_comes_by_the_cookie_is_shown_no_token(client: httpx.AsyncClient, clock: ManualClock) -> None:
    given = (await signed_in(client, OWNER, clock.now())).json()["token"]
    again = await client.post(SESSION, json={})
    assert (again.status_code, again.json()["token"]) == (200, None)
    assert cookie_of(again)["value"]
    by_bearer = await client.post(SESSION, json={}, headers={"authorization": f"Bearer {given}"})
    assert by_bearer.json()["token"]


async def test_an_editor_signs_in(client: httpx.AsyncClient, clock: ManualClock) -> None:
    assert (await signed_in(client, EDITOR, clock.now())).json()["role"] == "editor"


async def test_strangers_are_refused_and_nothing_is_written(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    before = await whole(db)
    answer = await client.post(SESSION, json={"init_data": init_data(STRANGER, clock.now())})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "set-cookie" not in answer.headers
    assert await whole(db) == before


@pytest.mark.parametrize("kind", ["forged", "foreign", "expired", "future", "twice", "none", "long"])
async def test_invalid_init_data_is_refused_without_a_database_query(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, kind: str
) -> None:
    now = clock.now()
    good = init_data(OWNER, now)
    text = {
        "forged": good.replace(str(OWNER), str(MANAGER)),
        "foreign": init_data(OWNER, now, USER_TOKEN),
        "expired": init_data(OWNER, now - 6 * MINUTE),
        "future": init_data(OWNER, now + 2 * MINUTE),
        "twice": f"{good}&hash=" + "0" * 64,
        "none": "",
        "long": good + "&x=" + "x" * 5000,
    }[kind]
    answer = await client.post(SESSION, json={"init_data": text})
    assert answer.status_code == (422 if kind == "long" else 401)
    assert "set-cookie" not in answer.headers
    assert not db.calls


async def test_init_data_signs_in_once_across_processes(
    client: httpx.AsyncClient, other: httpx.AsyncClient, clock: ManualClock
) -> None:
    text = init_data(OWNER, clock.now())
    assert (await client.post(SESSION, json={"init_data": text})).status_code == 200
    for again in (client, other):
        again.cookies.clear()
        answer = await again.post(SESSION, json={"init_data": text})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    # another encoding of the same data is a replay, too
    spelled = text.replace("query_id", "query%5Fid")
    assert (await other.post(SESSION, json={"init_data": spelled})).status_code == 401
    # another opening has other data
    clock.move(SECOND)
    assert (await other.post(SESSION, json={"init_data": init_data(OWNER, clock.now())})).status_code == 200


async def test_used_init_data_is_stored_until_it_is_too_old(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await client.post(SESSION, json={"init_data": init_data(OWNER, clock.now() + MINUTE - SECOND)})
    row = await db.collection("revoked_sessions").find_one({})
    assert row is not None
    assert row["jti"].startswith("initdata:")
    assert row["expires_at"] >= clock.now() + 6 * MINUTE


async def test_of_concurrent_sign_ins_with_the_same_init_data_one_succeeds(
    client: httpx.AsyncClient, other: httpx.AsyncClient, clock: ManualClock
) -> None:
    text = init_data(OWNER, clock.now())
    answers = await asyncio.gather(*(one.post(SESSION, json={"init_data": text}) for one in (client, other) * 5))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9


# --- links


async def test_a_link_works_once(client: httpx.AsyncClient, other: httpx.AsyncClient, clock: ManualClock) -> None:
    code = await login_ops.create(MANAGER, clock.now())
    assert (await client.post(SESSION, json={"code": code})).json()["user_id"] == MANAGER
    assert (await other.post(SESSION, json={"code": code})).status_code == 401
    (entry,) = await audit_ops.last(5)
    assert (entry.admin_id, entry.action, entry.target) == (MANAGER, "session.started", "link")


@pytest.mark.parametrize(("late", "status"), [(timedelta(), 200), (MS, 401)])
async def test_a_link_expires_to_the_millisecond(
    client: httpx.AsyncClient, clock: ManualClock, late: timedelta, status: int
) -> None:
    code = await login_ops.create(OWNER, clock.now())
    clock.move(5 * MINUTE + late)
    assert (await client.post(SESSION, json={"code": code})).status_code == status


@pytest.mark.parametrize(
    "code", ["", "x", "x" * 31, "x" * 64, "é" * 32, "x" * 31 + "\n", "$ne" + "x" * 29, "\x00" * 32]
)
async def test_an_invalid_code_is_refused_without_a_database_query(
    client: httpx.AsyncClient, db: Database, code: str
) -> None:
    answer = await client.post(SESSION, json={"code": code})
    assert answer.status_code == 401
    assert not db.calls


async def test_a_link_of_a_removed_operator_is_refused(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    code = await login_ops.create(MANAGER, clock.now())
    await db.collection("admins").delete_one({"user_id": MANAGER})
    assert (await client.post(SESSION, json={"code": code})).status_code == 403


# --- from another site


COOKIE = "__Host-tollgate_session"
ELSEWHERE = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "https://gate.example"},
    {"origin": "https://evil.example"},
    {"origin": "http://gate.example:444"},
    {"origin": "http://gate.example", "host": "gate.example"},
    {"origin": "null"},
    {"origin": "https://gate.example.evil"},
    {"origin": "https://[::1"},
    {"origin": ""},
    {"origin": "ftp://gate.example"},
]
OURS = [
    {},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "same-origin", "origin": "null"},
    {"origin": "https://gate.example"},
    {"origin": "http://127.0.0.1:8080", "host": "127.0.0.1:8080"},
    # behind a proxy that sets its own Host header
    {"origin": "https://gate.example", "host": "tollgate:8080"},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_another_site_cannot_use_the_cookie(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, headers: dict[str, str]
) -> None:
    await signed_in(client, OWNER, clock.now())
    before = await whole(db)
    answers = [
        await client.post(TRIGGER, json={"task": "backup"}, headers=headers),
        await client.post(SESSION, json={}, headers=headers),
        await client.delete(SESSION, headers=headers),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    assert await whole(db) == before
    # reading is allowed: browsers do not send a SameSite cookie anyway
    assert (await client.get(STATUS, headers=headers)).status_code == 200


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_another_site_cannot_sign_a_browser_in(
    client: httpx.AsyncClient, clock: ManualClock, headers: dict[str, str]
) -> None:
    code = await login_ops.create(OWNER, clock.now())
    answer = await client.post(SESSION, json={"code": code}, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert (await client.post(SESSION, json={"code": code})).status_code == 200


@pytest.mark.parametrize("headers", OURS)
async def test_our_own_page_can_use_the_cookie(
    client: httpx.AsyncClient, clock: ManualClock, headers: dict[str, str]
) -> None:
    await signed_in(client, OWNER, clock.now())
    cookie = f"{COOKIE}={client.cookies[COOKIE]}"
    answer = await client.post(TRIGGER, json={"task": "backup"}, headers=headers | {"cookie": cookie})
    assert answer.status_code == 202


async def test_the_origin_is_not_checked_for_a_bearer_token(client: httpx.AsyncClient, clock: ManualClock) -> None:
    headers = bearer(OWNER, clock.now()) | {"origin": "https://evil.example"}
    assert (await client.post(TRIGGER, json={"task": "backup"}, headers=headers)).status_code == 202


@pytest.mark.parametrize("body", [{"code": None}, {"init_data": None}])
async def test_a_null_proof_by_the_cookie_is_shown_no_token(
    client: httpx.AsyncClient, clock: ManualClock, body: dict[str, None]
) -> None:
    await signed_in(client, OWNER, clock.now())
    again = await client.post(SESSION, json=body)
    assert (again.status_code, again.json()["token"]) == (200, None)
