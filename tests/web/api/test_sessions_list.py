"""The list of open sessions: who sees and ends whose, what an ended one can still do, and who is told of a sign-in."""

from datetime import timedelta

import httpx
import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from core.team.sessions import SignInWay, session_key
from database.connection import Database
from database.operations import audit_ops, login_ops
from database.operations.team import notice_ops, open_session_ops
from database.operations.team.notice_ops import SignInNotice
from tests.web.auth.signing import API, EDITOR, MANAGER, OWNER, SESSION, STRANGER, init_data, signed_in

pytestmark = pytest.mark.usefixtures("admins")
SESSIONS = f"{API}/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
MINUTE = timedelta(minutes=1)


async def enter(client: httpx.AsyncClient, user_id: int, clock: ManualClock) -> dict[str, str]:
    """Sign in by a link as another browser; returns the headers of the session."""
    answer = await signed_in(client, user_id, clock.now())
    client.cookies.clear()
    clock.move(timedelta(seconds=1))
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def listed(client: httpx.AsyncClient, headers: dict[str, str]) -> list[tuple[int, bool]]:
    answer = await client.get(SESSIONS, headers=headers)
    assert answer.status_code == 200, answer.text
    return [(one["user_id"], one["is_this"]) for one in answer.json()["sessions"]]


async def test_a_manager_sees_their_own_and_an_owner_everybodys(client: httpx.AsyncClient, clock: ManualClock) -> None:
    manager, again = await enter(client, MANAGER, clock), await enter(client, MANAGER, clock)
    owner = await enter(client, OWNER, clock)
    assert await listed(client, manager) == [(MANAGER, False), (MANAGER, True)]
    assert await listed(client, again) == [(MANAGER, True), (MANAGER, False)]
    assert await listed(client, owner) == [(OWNER, True), (MANAGER, False), (MANAGER, False)]


async def test_it_says_with_what_and_from_where_and_holds_nothing_to_sign_in_with(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    client.headers["user-agent"] = FIREFOX
    owner = await enter(client, OWNER, clock)
    answer = await client.get(SESSIONS, headers=owner)
    (one,) = answer.json()["sessions"]
    assert (one["way"], one["device"], one["name"]) == ("link", "Firefox, Linux", str(OWNER))
    (row,) = await open_session_ops.listed(clock.now())
    assert one["key"] == session_key(row.sid)
    assert row.sid not in answer.text


async def test_one_is_ended_and_refused_from_the_next_request_on(
    client: httpx.AsyncClient, other: httpx.AsyncClient, clock: ManualClock
) -> None:
    stolen, owner = await enter(client, MANAGER, clock), await enter(client, OWNER, clock)
    key = (await client.get(SESSIONS, headers=stolen)).json()["sessions"][0]["key"]
    assert (await client.delete(f"{SESSIONS}/{key}", headers=owner)).status_code == 204
    for asked in (other.get(SESSION, headers=stolen), other.post(SESSION, json={}, headers=stolen)):
        assert (await asked).status_code == 401
    assert await listed(client, owner) == [(OWNER, True)]
    assert (await client.delete(f"{SESSIONS}/{key}", headers=owner)).status_code == 404
    (entry, *_) = await audit_ops.last(1)
    assert (entry.admin_id, entry.action, entry.target) == (OWNER, "session.ended", str(MANAGER))


async def test_nobody_but_an_owner_ends_those_of_others(client: httpx.AsyncClient, clock: ManualClock) -> None:
    owner, editor = await enter(client, OWNER, clock), await enter(client, EDITOR, clock)
    manager = await enter(client, MANAGER, clock)
    keys = {one["user_id"]: one["key"] for one in (await client.get(SESSIONS, headers=owner)).json()["sessions"]}
    assert (await client.delete(f"{SESSIONS}/{keys[EDITOR]}", headers=manager)).status_code == 404
    answer = await client.delete(f"{SESSIONS}/of/{EDITOR}", headers=manager)
    assert (answer.status_code, answer.json()["code"]) == (403, "role")
    for headers in (owner, editor, manager):
        assert (await client.get(SESSION, headers=headers)).status_code == 200
    # one's own, without any further right
    assert (await client.delete(f"{SESSIONS}/of/{EDITOR}", headers=editor)).status_code == 204
    assert (await client.get(SESSION, headers=editor)).status_code == 401
    assert (await client.get(SESSION, headers=manager)).status_code == 200


async def test_ending_all_ends_the_links_and_the_data_of_the_mini_app_that_were_not_used_yet(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    first, second = await enter(client, OWNER, clock), await enter(client, OWNER, clock)
    code, opened = await login_ops.create(OWNER, clock.now()), init_data(OWNER, clock.now())
    clock.move(MINUTE)
    answer = await client.delete(f"{SESSIONS}/of/{OWNER}", headers=first)
    assert answer.status_code == 204
    assert '__Host-tollgate_session=""' in answer.headers["set-cookie"]
    for headers in (first, second):
        assert (await client.get(SESSION, headers=headers)).status_code == 401
    for proof in ({"code": code}, {"init_data": opened}):
        assert (await client.post(SESSION, json=proof)).status_code == 401
    clock.move(MINUTE)
    assert await listed(client, await enter(client, OWNER, clock)) == [(OWNER, True)]


async def test_signing_out_takes_the_session_off_the_list(client: httpx.AsyncClient, clock: ManualClock) -> None:
    first, second = await enter(client, OWNER, clock), await enter(client, OWNER, clock)
    await client.delete(SESSION, headers=first)
    assert await listed(client, second) == [(OWNER, True)]


@pytest.mark.parametrize("path", [f"/of/{2**52}", "/of/0", "/of/x", "/of/-1", "/short", "/" + "g" * 16, "/" + "0" * 17])
async def test_what_names_no_session_and_nobody_is_refused(
    client: httpx.AsyncClient, clock: ManualClock, path: str
) -> None:
    owner = await enter(client, OWNER, clock)
    assert (await client.delete(SESSIONS + path, headers=owner)).status_code in (404, 422)
    assert await listed(client, owner) == [(OWNER, True)]


# --- who is told


async def test_each_sign_in_is_to_be_told_to_its_person(client: httpx.AsyncClient, clock: ManualClock) -> None:
    client.headers["user-agent"] = FIREFOX
    at = clock.now()
    await signed_in(client, MANAGER, at)
    await client.post(SESSION, json={"init_data": init_data(OWNER, at)})
    told = [await notice_ops.take(), await notice_ops.take()]
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert told == [
        SignInNotice(MANAGER, SignInWay.LINK, "Firefox, Linux", "en", at),
        SignInNotice(OWNER, SignInWay.MINI_APP, "Firefox, Linux", "en", at),
    ]
    assert await notice_ops.take() is None


async def test_a_refused_sign_in_and_a_new_token_are_not_told(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await client.post(SESSION, json={"code": "x" * 32})
    await client.post(SESSION, json={"init_data": init_data(STRANGER, clock.now())})
    assert await notice_ops.take() is None
    await signed_in(client, OWNER, clock.now())
    assert await notice_ops.take() is not None
    clock.move(11 * MINUTE)
    assert (await client.get(SESSION)).status_code == 200
    assert (await client.post(SESSION, json={})).status_code == 200
    assert await notice_ops.take() is None


@pytest.mark.parametrize("collection", ["sessions", "admin_config"])
async def test_a_session_that_could_be_neither_listed_nor_told_of_does_not_start(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, collection: str
) -> None:
    code = await login_ops.create(OWNER, clock.now())

    def refuse(operation: str, name: str) -> None:
        if name == collection and operation.startswith(("insert", "update")):
            raise AutoReconnect("away")

    db.before_call = refuse
    answer = await client.post(SESSION, json={"code": code})
    assert answer.status_code == 503
    assert "set-cookie" not in answer.headers
