"""The right of each route of the API: named in its dependency, judged by the role stored now."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from core.clock import ManualClock
from core.team.admins import Role
from core.team.rights import Right, may
from database.connection import Database
from tests.web.auth.signing import API, EDITOR, MANAGER, OWNER, SESSION, STATUS, STRANGER, TRIGGER, bearer
from tests.web.conftest import whole
from web_app.api.access import ApiAccess, WithRight
from web_app.api.app import api_router
from web_app.auth.authenticator import Authenticator
from web_app.auth.cookie import SessionCookie
from web_app.pages.views import VIEWS
from web_app.services import AdminServices

pytestmark = pytest.mark.usefixtures("admins")
#: routes that every member has, the one that signs in, and the one whose ticket names who may fetch a file
FOR_ALL = {
    ("GET", SESSION),
    ("POST", SESSION),
    ("DELETE", SESSION),
    ("GET", f"{API}/openapi.json"),
    ("GET", f"{API}/system/export/file"),
}
ROLES = {Role.OWNER: OWNER, Role.MANAGER: MANAGER, Role.EDITOR: EDITOR}


def routes(admin: AdminServices, clock: ManualClock) -> Iterator[tuple[str, str, Right | None]]:
    """Method, path and right of each route; None for a route that names no right."""
    authenticator = Authenticator(admin.keys, admin.team, clock)
    router = api_router(admin, ApiAccess(authenticator, SessionCookie(), clock), "")
    for context in iter_route_contexts(router.routes):
        route, path = context.original_route, context.path
        assert isinstance(route, APIRoute)
        assert path is not None
        named = [one.call.right for one in route.dependant.dependencies if isinstance(one.call, WithRight)]
        for method in route.methods or ():
            yield method, path, named[0] if len(named) == 1 else None


def test_each_route_names_exactly_one_right(admin: AdminServices, clock: ManualClock) -> None:
    unnamed = {(method, path) for method, path, right in routes(admin, clock) if right is None}
    assert unnamed == FOR_ALL


async def test_a_role_that_lacks_the_right_is_refused_by_every_route_and_changes_nothing(
    client: httpx.AsyncClient, db: Database, clock: ManualClock, admin: AdminServices
) -> None:
    before = await whole(db)
    refused = 0
    for method, path, right in routes(admin, clock):
        for role, user_id in ROLES.items():
            if right is not None and not may(role, right):
                address = path.replace("{", "").replace("}", "")
                answer = await client.request(method, address, headers=bearer(user_id, clock.now()))
                assert (answer.status_code, answer.json()["code"]) == (403, "role"), (method, path, role)
                assert answer.json()["error"] == f"Your role, {role.value}, cannot do this. Ask an owner."
                refused += 1
    assert refused >= 7
    assert await whole(db) == before


async def test_a_role_lost_between_press_and_confirm_is_refused_at_once(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    headers = bearer(MANAGER, clock.now())
    assert (await client.get(STATUS, headers=headers)).status_code == 200
    # by another process: what only reads may be five seconds old, what changes something not
    await db.collection("admins").update_one({"user_id": MANAGER}, {"$set": {"role": Role.EDITOR}})
    assert (await client.get(STATUS, headers=headers)).status_code == 200
    answer = await client.post(TRIGGER, headers=headers, json={"task": "backup"})
    assert (answer.status_code, answer.json()["code"]) == (403, "role")
    await db.collection("admins").delete_one({"user_id": MANAGER})
    answer = await client.post(TRIGGER, headers=headers, json={"task": "backup"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await db.collection("job_runs").find_one({}) is None


@pytest.mark.parametrize(("role", "user_id"), ROLES.items())
async def test_the_session_names_the_rights_and_the_views_of_the_role(
    client: httpx.AsyncClient, clock: ManualClock, role: Role, user_id: int
) -> None:
    answer = await client.get(SESSION, headers=bearer(user_id, clock.now()))
    assert answer.status_code == 200
    said = answer.json()
    assert (said["user_id"], said["role"], said["zone"]) == (user_id, role, "Europe/Berlin")
    assert set(said["rights"]) == {right for right in Right if may(role, right)}
    assert said["views"] == [view.name for view in VIEWS if may(role, view.right)]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "en"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de,ru;q=0.5,en;q=0.6", "en"),
        ("ru;q=0,en", "en"),
        ("ru;q=nan", "en"),
        ("ru;q=x", "en"),
        ("*", "en"),
        (f"{'x' * 300},ru", "en"),
    ],
)
async def test_the_api_answers_in_the_language_the_request_accepts(
    client: httpx.AsyncClient, clock: ManualClock, accepted: str, language: str
) -> None:
    headers = {"accept-language": accepted}
    assert (await client.get(SESSION, headers=headers | bearer(OWNER, clock.now()))).json()["language"] == language
    said = (await client.get(STATUS, headers=headers | bearer(EDITOR, clock.now()))).json()["error"]
    assert said.isascii() is (language == "en")


async def test_somebody_outside_the_team_is_refused_by_the_session_itself(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    clock.move(timedelta(seconds=1))
    answer = await client.get(SESSION, headers=bearer(STRANGER, clock.now()))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
