"""A session: each request, being refreshed, signing out; by HTTP, as the page and as a program do it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog
from pymongo.errors import AutoReconnect

from core.admins import Role
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
    Ticks,
    add_admin,
    bearer,
    cookie_of,
    init_data,
    signed_in,
)
from tests.web.conftest import NOW

MINUTE, SECOND, MS = timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1)


pytestmark = pytest.mark.usefixtures("admins")


# --- each request


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer x.y.z", "bearer", "Bearer a b c", "Bearer é"],
)
async def test_without_a_good_token_it_is_401_as_json(client: httpx.AsyncClient, db: Database, header: str) -> None:
    answer = await client.get(STATUS, headers=[(b"authorization", header.encode())])
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == 'Bearer realm="tollgate", error="invalid_token"'
    assert answer.headers["content-type"] == "application/json"
    assert not db.calls


async def test_without_any_token_too(client: httpx.AsyncClient, db: Database) -> None:
    answer = await client.get(STATUS)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="tollgate"')
    assert not db.calls


@pytest.mark.parametrize("header", ["", "Basic abc", "Digest y", "Bearerx y"])
async def test_what_is_no_bearer_is_no_token_and_hides_no_cookie(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, header: str
) -> None:
    """A browser sends a proxy's password with every request."""
    headers = {"authorization": header}
    answer = await client.get(STATUS, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="tollgate"')
    assert not db.calls
    await signed_in(client, OWNER, clock.now())
    assert (await client.get(STATUS, headers=headers)).status_code == 200


async def test_a_bad_bearer_is_not_made_good_by_a_cookie(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await signed_in(client, OWNER, clock.now())
    assert (await client.get(STATUS, headers={"authorization": "Bearer x.y.z"})).status_code == 401


@pytest.mark.parametrize(("user_id", "status"), [(OWNER, 200), (MANAGER, 200), (EDITOR, 403), (STRANGER, 403)])
async def test_the_role_is_the_databases_whatever_the_token_says(
    client: httpx.AsyncClient, clock: ManualClock, user_id: int, status: int
) -> None:
    answer = await client.get(STATUS, headers=bearer(user_id, clock.now(), Role.OWNER))
    assert answer.status_code == status


async def test_whoever_is_removed_is_out_after_five_seconds(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, ticks: Ticks
) -> None:
    headers = bearer(MANAGER, clock.now())
    assert (await client.get(STATUS, headers=headers)).status_code == 200
    await db.collection("admins").delete_one({"user_id": MANAGER})
    ticks.now += 4.999
    assert (await client.get(STATUS, headers=headers)).status_code == 200
    ticks.now += 0.001
    assert (await client.get(STATUS, headers=headers)).status_code == 403
    # named again, as long
    await add_admin(db, MANAGER, Role.MANAGER)
    ticks.now += 5
    assert (await client.get(STATUS, headers=headers)).status_code == 200


async def test_a_clock_put_back_keeps_no_removed_admin_in(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, ticks: Ticks
) -> None:
    await client.get(STATUS, headers=bearer(MANAGER, clock.now()))
    await db.collection("admins").delete_one({"user_id": MANAGER})
    clock.move(timedelta(hours=-1))
    ticks.now += 5
    assert (await client.get(STATUS, headers=bearer(MANAGER, clock.now()))).status_code == 403


# --- refreshing


async def test_a_page_that_stays_open_is_given_a_new_token(client: httpx.AsyncClient, clock: ManualClock) -> None:
    first = (await signed_in(client, OWNER, clock.now())).json()
    clock.move(10 * MINUTE - timedelta(milliseconds=250))
    assert "set-cookie" not in (await client.get(STATUS)).headers
    clock.move(MS)
    answer = await client.get(STATUS)
    assert cookie_of(answer)["value"] not in ("", first["token"])
    clock.move(10 * MINUTE)
    assert (await client.get(STATUS)).status_code == 200


async def test_a_session_ends_after_twelve_hours_however_busy(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await signed_in(client, OWNER, clock.now())
    for _ in range(71):
        clock.move(10 * MINUTE)
        assert (await client.get(STATUS)).status_code == 200
    clock.move(10 * MINUTE)
    assert (await client.get(STATUS)).status_code == 401
    assert clock.now() == NOW + timedelta(hours=12)


async def test_an_idle_one_ends_after_fifteen_minutes(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await signed_in(client, OWNER, clock.now())
    clock.move(15 * MINUTE)
    assert (await client.get(STATUS)).status_code == 401


async def test_a_program_asks_for_a_new_token(client: httpx.AsyncClient, clock: ManualClock) -> None:
    first = (await signed_in(client, MANAGER, clock.now())).json()
    client.cookies.clear()
    clock.move(14 * MINUTE)
    headers = {"authorization": f"Bearer {first['token']}"}
    # a program's own token is not replaced behind its back
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


@pytest.mark.parametrize("wish", [{}, {"init_data": None}, {"code": None}])
async def test_without_a_session_there_is_none_to_refresh(client: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    assert (await client.post(SESSION, json=wish)).status_code == 401


async def test_both_ways_at_once_are_none(client: httpx.AsyncClient, clock: ManualClock) -> None:
    code = await login_ops.create(OWNER, clock.now())
    both = {"code": code, "init_data": init_data(OWNER, clock.now())}
    for wish in (both, both | {"code": None}, dict.fromkeys(both)):
        assert (await client.post(SESSION, json=wish)).status_code == 422
    assert (await client.post(SESSION, json={"code": code})).status_code == 200


# --- signing out


async def test_whoever_signs_out_is_out_in_every_process(
    client: httpx.AsyncClient, other: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    told = (await signed_in(client, OWNER, clock.now())).json()
    answer = await client.delete(SESSION)
    assert (answer.status_code, answer.content) == (204, b"")
    assert 'tollgate_session=""' in answer.headers["set-cookie"]
    assert (await client.get(STATUS)).status_code == 401
    headers = {"authorization": f"Bearer {told['token']}"}
    assert (await other.get(STATUS, headers=headers)).status_code == 401
    assert (await other.post(SESSION, json={}, headers=headers)).status_code == 401
    # said twice it is the same
    assert (await other.delete(SESSION, headers=headers)).status_code == 204
    assert [entry.action for entry in await audit_ops.last(5)] == ["session.ended", "session.started"]


async def test_signing_out_ends_every_token_of_the_session(
    client: httpx.AsyncClient, other: httpx.AsyncClient, clock: ManualClock
) -> None:
    """Also a token that was refreshed before, and the one it came from."""
    tokens = [(await signed_in(client, OWNER, clock.now())).json()["token"]]
    for _ in range(2):
        clock.move(MINUTE)
        tokens.append((await client.post(SESSION, json={})).json()["token"])
    headers = [{"authorization": f"Bearer {token}"} for token in tokens]
    assert (await other.delete(SESSION, headers=headers[1])).status_code == 204
    for one in headers:
        assert (await other.get(STATUS, headers=one)).status_code == 401
    # another sign-in of the same person goes on
    assert (await other.get(STATUS, headers=bearer(OWNER, clock.now()))).status_code == 200


async def test_the_row_outlives_every_token_of_the_session(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await signed_in(client, OWNER, clock.now())
    await client.delete(SESSION)
    row = await db.collection("revoked_sessions").find_one({})
    assert row is not None
    assert row["expires_at"] == NOW.replace(microsecond=0) + timedelta(hours=12)


async def test_a_removed_admin_can_still_sign_out(client: httpx.AsyncClient, clock: ManualClock) -> None:
    assert (await client.delete(SESSION, headers=bearer(STRANGER, clock.now()))).status_code == 204


async def test_without_a_session_nobody_signs_out(client: httpx.AsyncClient, db: Database) -> None:
    assert (await client.delete(SESSION)).status_code == 401
    assert not db.calls


# --- the store away, and what is told of secrets


async def test_the_store_away_lets_nobody_in_and_loses_no_session(
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


async def test_a_row_of_the_audit_log_that_cannot_be_written_stops_nobody(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    def refuse(_: str, collection: str) -> None:
        if collection == "audit_log":
            raise AutoReconnect("gone")

    db.before_call = refuse
    with structlog.testing.capture_logs() as logged:
        await signed_in(client, OWNER, clock.now())
    assert [entry["event"] for entry in logged] == ["session.started", "audit.not_written"]


async def test_a_mini_apps_data_sent_again_is_no_warning(client: httpx.AsyncClient, clock: ManualClock) -> None:
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
