"""Sessions over HTTP: checks of each request, refreshing, signing out; with a cookie and with a bearer token."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog
from pymongo.errors import AutoReconnect, NetworkTimeout

from core.clock import ManualClock
from core.team.admins import Role
from database.connection import Database
from database.operations import audit_ops, login_ops
from tests.web.auth.signing import (
    EDITOR,
    MANAGER,
    OWNER,
    SESSION,
    STATUS,
    STRANGER,
    add_admin,
    bearer,
    cookie_of,
    init_data,
    signed_in,
)
from tests.web.conftest import NOW
from web_app.app import build_app
from web_app.services import Services

MINUTE, SECOND, MS = timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1)


pytestmark = pytest.mark.usefixtures("admins")


# --- each request


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer x.y.z", "bearer", "Bearer a b c", "Bearer é"],
)
async def test_an_invalid_bearer_token_is_401_as_json(client: httpx.AsyncClient, db: Database, header: str) -> None:
    answer = await client.get(STATUS, headers=[(b"authorization", header.encode())])
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == 'Bearer realm="tollgate", error="invalid_token"'
    assert answer.headers["content-type"] == "application/json"
    assert not db.calls


async def test_a_request_without_a_token_is_401(client: httpx.AsyncClient, db: Database) -> None:
    answer = await client.get(STATUS)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="tollgate"')
    assert not db.calls


@pytest.mark.parametrize("header", ["", "Basic abc", "Digest y", "Bearerx y"])
async def test_other_authorization_schemes_are_ignored_and_the_cookie_is_used(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, header: str
) -> None:
    """A browser sends the Basic password of a proxy with every request."""
    headers = {"authorization": header}
    answer = await client.get(STATUS, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="tollgate"')
    assert not db.calls
    await signed_in(client, OWNER, clock.now())
    assert (await client.get(STATUS, headers=headers)).status_code == 200


async def test_an_invalid_bearer_token_is_refused_despite_a_valid_cookie(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await signed_in(client, OWNER, clock.now())
    assert (await client.get(STATUS, headers={"authorization": "Bearer x.y.z"})).status_code == 401


@pytest.mark.parametrize(("user_id", "status"), [(OWNER, 200), (MANAGER, 200), (EDITOR, 403), (STRANGER, 403)])
async def test_the_role_is_read_from_the_database_not_from_the_token(
    client: httpx.AsyncClient, clock: ManualClock, user_id: int, status: int
) -> None:
    answer = await client.get(STATUS, headers=bearer(user_id, clock.now(), Role.OWNER))
    assert answer.status_code == status


async def test_a_removed_admin_is_refused_after_five_seconds(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    headers = bearer(MANAGER, clock.now())
    assert (await client.get(STATUS, headers=headers)).status_code == 200
    await db.collection("admins").delete_one({"user_id": MANAGER})
    clock.move(timedelta(seconds=4.999))
    assert (await client.get(STATUS, headers=headers)).status_code == 200
    clock.move(timedelta(seconds=0.001))
    assert (await client.get(STATUS, headers=headers)).status_code == 403
    # an admin who is added again waits as long
    await add_admin(db, MANAGER, Role.MANAGER)
    clock.move(timedelta(seconds=5))
    assert (await client.get(STATUS, headers=headers)).status_code == 200


async def test_a_clock_put_back_does_not_extend_the_access_of_a_removed_admin(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await client.get(STATUS, headers=bearer(MANAGER, clock.now()))
    await db.collection("admins").delete_one({"user_id": MANAGER})
    clock.move(timedelta(hours=-1))
    assert (await client.get(STATUS, headers=bearer(MANAGER, clock.now()))).status_code == 403


# --- refreshing


async def test_a_cookie_is_replaced_before_it_expires(client: httpx.AsyncClient, clock: ManualClock) -> None:
    first = (await signed_in(client, OWNER, clock.now())).json()
    clock.move(10 * MINUTE - timedelta(milliseconds=250))
    assert "set-cookie" not in (await client.get(STATUS)).headers
    clock.move(MS)
    answer = await client.get(STATUS)
    assert cookie_of(answer)["value"] not in ("", first["token"])
    clock.move(10 * MINUTE)
    assert (await client.get(STATUS)).status_code == 200


async def test_an_active_session_ends_after_twelve_hours(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await signed_in(client, OWNER, clock.now())
    for _ in range(71):
        clock.move(10 * MINUTE)
        assert (await client.get(STATUS)).status_code == 200
    clock.move(10 * MINUTE)
    assert (await client.get(STATUS)).status_code == 401
    assert clock.now() == NOW + timedelta(hours=12)


async def test_an_idle_session_ends_after_fifteen_minutes(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await signed_in(client, OWNER, clock.now())
    clock.move(15 * MINUTE)
    assert (await client.get(STATUS)).status_code == 401


async def test_a_program_requests_its_new_token_itself(client: httpx.AsyncClient, clock: ManualClock) -> None:
    first = (await signed_in(client, MANAGER, clock.now())).json()
    client.cookies.clear()
    clock.move(14 * MINUTE)
    headers = {"authorization": f"Bearer {first['token']}"}
    # a bearer token is not replaced by a cookie
    assert "set-cookie" not in (await client.get(STATUS, headers=headers)).headers
    second = (await client.post(SESSION, json={}, headers=headers)).json()
    client.cookies.clear()
    assert second["token"] != first["token"]
    assert second["signed_in_until"] == first["signed_in_until"]
    assert (await client.get(STATUS, headers=headers)).status_code == 200
    clock.move(2 * MINUTE)
    assert (await client.get(STATUS, headers=headers)).status_code == 401
    newer = {"authorization": f"Bearer {second['token']}"}
    assert (await client.get(STATUS, headers=newer)).status_code == 200


@pytest.mark.parametrize("body", [{}, {"init_data": None}, {"code": None}])
async def test_refreshing_without_a_session_is_401(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post(SESSION, json=body)).status_code == 401


async def test_a_request_with_both_proofs_is_refused_and_uses_up_none(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    code = await login_ops.create(OWNER, clock.now())
    both = {"code": code, "init_data": init_data(OWNER, clock.now())}
    for body in (both, both | {"code": None}, dict.fromkeys(both)):
        assert (await client.post(SESSION, json=body)).status_code == 422
    assert (await client.post(SESSION, json={"code": code})).status_code == 200


# --- signing out


async def test_a_sign_out_applies_to_every_process(
    client: httpx.AsyncClient, other: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    signed = (await signed_in(client, OWNER, clock.now())).json()
    answer = await client.delete(SESSION)
    assert (answer.status_code, answer.content) == (204, b"")
    assert '__Host-tollgate_session=""' in answer.headers["set-cookie"]
    assert (await client.get(STATUS)).status_code == 401
    headers = {"authorization": f"Bearer {signed['token']}"}
    assert (await other.get(STATUS, headers=headers)).status_code == 401
    assert (await other.post(SESSION, json={}, headers=headers)).status_code == 401
    # idempotent
    assert (await other.delete(SESSION, headers=headers)).status_code == 204
    assert [entry.action for entry in await audit_ops.last(5)] == ["session.ended", "session.started"]


async def test_signing_out_ends_every_token_of_the_session(
    client: httpx.AsyncClient, other: httpx.AsyncClient, clock: ManualClock
) -> None:
    """Including a refreshed token and the one it was refreshed from."""
    tokens = [(await signed_in(client, OWNER, clock.now())).json()["token"]]
    for _ in range(2):
        clock.move(MINUTE)
        by_token = {"authorization": f"Bearer {tokens[-1]}"}
        tokens.append((await client.post(SESSION, json={}, headers=by_token)).json()["token"])
    headers = [{"authorization": f"Bearer {token}"} for token in tokens]
    assert (await other.delete(SESSION, headers=headers[1])).status_code == 204
    for one in headers:
        assert (await other.get(STATUS, headers=one)).status_code == 401
    # another session of the same person stays valid
    assert (await other.get(STATUS, headers=bearer(OWNER, clock.now()))).status_code == 200


async def test_the_revocation_is_stored_until_the_session_would_have_ended(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await signed_in(client, OWNER, clock.now())
    await client.delete(SESSION)
    row = await db.collection("revoked_sessions").find_one({})
    assert row is not None
    assert row["expires_at"] == NOW.replace(microsecond=0) + timedelta(hours=12)


async def test_a_removed_admin_can_still_sign_out(client: httpx.AsyncClient, clock: ManualClock) -> None:
    assert (await client.delete(SESSION, headers=bearer(STRANGER, clock.now()))).status_code == 204


async def test_after_another_secret_every_old_session_is_refused(
    client: httpx.AsyncClient, services: Services, clock: ManualClock
) -> None:
    await signed_in(client, OWNER, clock.now())
    old = {**bearer(OWNER, clock.now()), "host": "gate.example"}
    assert services.admin is not None
    keys = replace(services.admin.keys, sessions=b"f3Kq8Zr1mWx7TpLb2VcN9dHs4GyJ6uEa")
    app = build_app(replace(services, admin=replace(services.admin, keys=keys)))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://gate.example", cookies=client.cookies
    ) as after:
        by_bearer = await after.get(STATUS, headers=old)
        by_cookie = await after.get(STATUS, headers={"sec-fetch-site": "same-origin"})
        assert (by_bearer.status_code, by_cookie.status_code) == (401, 401)
        assert (await after.get(STATUS, headers=bearer(OWNER, clock.now(), key=keys.sessions))).status_code == 200


async def test_signing_out_without_a_session_is_401(client: httpx.AsyncClient, db: Database) -> None:
    assert (await client.delete(SESSION)).status_code == 401
    assert not db.calls


# --- the store unavailable, and secrets in logs


async def test_a_slow_store_is_504(client: httpx.AsyncClient, db: Database, clock: ManualClock) -> None:
    def refuse(operation: str, *_: str) -> None:
        if operation != "ping":
            raise NetworkTimeout("mongodb://someone:hunter2@db.example: timed out")

    await signed_in(client, OWNER, clock.now())
    db.before_call = refuse
    answer = await client.get(STATUS)
    db.before_call = None
    assert (answer.status_code, answer.json()["code"]) == (504, "slow")


async def test_an_unavailable_store_is_503_and_loses_no_session(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await signed_in(client, OWNER, clock.now())

    def refuse(*_: str) -> None:
        raise AutoReconnect("mongodb://someone:hunter2@db.example: connection closed")

    db.before_call = refuse
    answers = [
        await client.get(STATUS),
        await client.post(SESSION, json={}),
        await client.delete(SESSION),
        await client.post(SESSION, json={"init_data": init_data(OWNER, clock.now())}),
        await client.post(SESSION, json={"code": "x" * 32}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "set-cookie" not in answer.headers
        assert "hunter2" not in answer.text
    db.before_call = None
    assert (await client.get(STATUS)).status_code == 200


async def test_signing_in_works_when_the_audit_row_cannot_be_written(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    def refuse(_: str, collection: str) -> None:
        if collection == "audit_log":
            raise AutoReconnect("gone")

    db.before_call = refuse
    with structlog.testing.capture_logs() as logged:
        await signed_in(client, OWNER, clock.now())
    assert [entry["event"] for entry in logged] == ["session.started", "audit.not_written"]


async def test_replayed_init_data_is_logged_as_info(client: httpx.AsyncClient, clock: ManualClock) -> None:
    text = init_data(OWNER, clock.now())
    await client.post(SESSION, json={"init_data": text})
    with structlog.testing.capture_logs() as logged:
        assert (await client.post(SESSION, json={"init_data": text})).status_code == 401
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [("session.mini_app_replayed", "info")]


async def test_neither_token_nor_code_is_logged(client: httpx.AsyncClient, clock: ManualClock) -> None:
    code, text = await login_ops.create(OWNER, clock.now()), init_data(OWNER, clock.now())
    with structlog.testing.capture_logs() as logged:
        token = (await client.post(SESSION, json={"code": code})).json()["token"]
        await client.post(SESSION, json={"code": code})
        await client.post(SESSION, json={"init_data": text})
        await client.post(SESSION, json={"init_data": text})
        await client.get(STATUS, headers={"authorization": f"Bearer {token}x"})
        await client.delete(SESSION)
    assert len(logged) >= 4
    for secret in (code, token, text.rpartition("hash=")[2][:64]):
        assert secret not in str(logged)
