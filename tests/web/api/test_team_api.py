"""`/api/admin/team`: roles, removal, invitations and the activity, for owners."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import ManualClock
from core.team.admins import Role
from core.team.invitations import invitation_fingerprint
from database import bot_profiles
from database.connection import Database
from database.operations import audit_ops
from database.operations.team import invitation_ops, notice_ops
from database.operations.team.notice_ops import RoleNotice
from tests.web.auth.signing import API, EDITOR, MANAGER, OWNER, bearer

TEAM = f"{API}/team"

pytestmark = pytest.mark.usefixtures("admins")


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def roles(client: httpx.AsyncClient) -> dict[int, str]:
    return {one["user_id"]: one["role"] for one in (await client.get(TEAM)).json()["members"]}


async def set_role(client: httpx.AsyncClient, user_id: int, role: str, seen: str) -> httpx.Response:
    return await client.put(f"{TEAM}/members/{user_id}/role", json={"role": role, "seen": seen})


async def test_a_role_is_changed_as_it_was_seen_written_down_and_told(client: httpx.AsyncClient) -> None:
    assert await roles(client) == {OWNER: "owner", MANAGER: "manager", EDITOR: "editor"}
    assert (await set_role(client, EDITOR, "manager", "editor")).status_code == 204
    assert (await roles(client))[EDITOR] == "manager"
    (entry,) = await audit_ops.last(5)
    assert (entry.admin_id, entry.action, entry.before, entry.after) == (OWNER, "team.role_set", "editor", "manager")
    told = await notice_ops.take()
    assert isinstance(told, RoleNotice) and (told.user_id, told.role, told.language) == (EDITOR, Role.MANAGER, "en")
    assert await notice_ops.take() is None


@pytest.mark.parametrize("change", ["role", "removal"])
async def test_of_two_owners_who_change_one_member_the_second_reads_that_it_is_another_role(
    client: httpx.AsyncClient, change: str
) -> None:
    await set_role(client, EDITOR, "manager", "editor")
    if change == "role":
        answer = await set_role(client, EDITOR, "manager", "editor")
    else:
        answer = await client.delete(f"{TEAM}/members/{EDITOR}", params={"seen": "editor"})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    assert (await roles(client))[EDITOR] == "manager"
    assert len(await audit_ops.last(5)) == 1


async def test_somebody_removed_has_no_role_at_their_next_request(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    assert (await client.delete(f"{TEAM}/members/{EDITOR}", params={"seen": "editor"})).status_code == 204
    answer = await client.get(f"{API}/session", headers=bearer(EDITOR, clock.now()))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    told = await notice_ops.take()
    assert isinstance(told, RoleNotice) and told.role is None
    assert (await client.delete(f"{TEAM}/members/{EDITOR}", params={"seen": "editor"})).status_code == 404


@pytest.mark.parametrize(("user_id", "role"), [(OWNER, "editor"), (EDITOR, "owner")])
async def test_an_owner_of_the_configuration_stays_and_without_a_key_nobody_becomes_one(
    client: httpx.AsyncClient, user_id: int, role: str
) -> None:
    before = await roles(client)
    answer = await set_role(client, user_id, role, before[user_id])
    assert (answer.status_code, answer.json()["code"]) == (422, "refused")
    assert await roles(client) == before
    assert await audit_ops.last(1) == []


async def test_an_invitation_is_made_listed_and_cancelled(client: httpx.AsyncClient, clock: ManualClock) -> None:
    assert (await client.post(f"{TEAM}/invitations", json={"role": "editor"})).json()["code"] == "refused"
    await bot_profiles.remember_usernames("shop_bot", "desk_bot")
    made = (await client.post(f"{TEAM}/invitations", json={"role": "editor"})).json()
    start, _, token = made["link"].rpartition("j_")
    assert start == "https://t.me/desk_bot?start="
    found = await invitation_ops.find(invitation_fingerprint(token))
    assert found is not None and (found.role, found.expires_at - clock.now()) == (Role.EDITOR, timedelta(hours=24))
    assert [one["key"] for one in (await client.get(TEAM)).json()["invitations"]] == [made["key"]]
    assert (await client.delete(f"{TEAM}/invitations/{made['key']}")).status_code == 204
    assert (await client.delete(f"{TEAM}/invitations/{made['key']}")).status_code == 404
    assert [one.action for one in await audit_ops.last(5)] == ["team.invitation_cancelled", "team.invited"]


@pytest.mark.parametrize("body", [{"role": "owner"}, {"role": "x"}, {}, {"role": "editor", "user_id": 5}])
async def test_no_other_invitation_is_made(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    await bot_profiles.remember_usernames("shop_bot", "desk_bot")
    assert (await client.post(f"{TEAM}/invitations", json=body)).status_code == 422
    assert (await client.get(TEAM)).json()["invitations"] == []


async def test_the_activity_is_paged_and_narrowed_by_person_kind_and_day(
    client: httpx.AsyncClient, clock: ManualClock, db: Database
) -> None:
    now = clock.now()
    for number in range(51):
        await audit_ops.record(now - timedelta(minutes=number), MANAGER, "person.banned", str(number))
    await audit_ops.record(now - timedelta(days=1), OWNER, "team.removed", "<b>Bob</b>", "editor")
    first = (await client.get(f"{TEAM}/activity")).json()
    assert (len(first["rows"]), first["more"], first["rows"][0]["user_id"]) == (50, True, MANAGER)
    for query in ({"who": OWNER}, {"area": "team"}, {"day": "2026-02-28"}):
        rows = (await client.get(f"{TEAM}/activity", params=query)).json()["rows"]
        assert [row["user_id"] for row in rows] == [OWNER]
        # plain text, whatever people are called
        assert "<b>Bob</b>" in rows[0]["text"]
    table = await client.get(f"{TEAM}/activity.csv", params={"who": OWNER})
    assert table.text.splitlines()[1].split(",")[2:5] == [str(OWNER), "team.removed", "<b>Bob</b>"]
    assert "attachment" in table.headers["content-disposition"]
    db.calls.clear()
    await client.get(f"{TEAM}/activity")
    assert db.calls.total() <= 3


@pytest.mark.parametrize("query", [{"who": 0}, {"area": "x"}, {"day": "2026-02-30"}, {"page": 200}, {"area": "team|"}])
async def test_an_activity_that_is_none_is_refused(client: httpx.AsyncClient, query: dict[str, Any]) -> None:
    assert (await client.get(f"{TEAM}/activity", params=query)).status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_first_and_the_last_day_of_the_calendar_have_no_actions(client: httpx.AsyncClient, day: str) -> None:
    assert (await client.get(f"{TEAM}/activity", params={"day": day})).json()["rows"] == []
    assert (await client.get(f"{TEAM}/activity.csv", params={"day": day})).status_code == 200
