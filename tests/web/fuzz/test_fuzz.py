"""Schemathesis checks the API against its own description: every method, good and bad requests, ways, by every role."""

from collections.abc import Iterator

import pytest
import structlog
from fastapi import FastAPI
from pymongo.errors import OperationFailure

from core.clock import ManualClock
from core.team.admins import Role
from core.team.rights import may
from database.connection import Database
from tests.web.auth.signing import bearer
from tests.web.conftest import Snapshot, whole
from tests.web.fuzz.house import PEOPLE, furnish, passing_clock, rights_of, services_on
from tests.web.fuzz.playing import Found, Plan, fuzz
from web_app.app import build_app
from web_app.services import Services

#: those for whom less is asked: what they may is asked by the owner, too
FEW = Plan(examples=1, phases=("examples", "fuzzing"))

pytestmark = [pytest.mark.sweep, pytest.mark.timeout(180)]


@pytest.fixture
def clock() -> ManualClock:
    return passing_clock()


@pytest.fixture
def services(clock: ManualClock) -> Services:
    return services_on(clock)


@pytest.fixture
def app(services: Services) -> FastAPI:
    return build_app(services)


@pytest.fixture
async def furnished(db: Database) -> Database:
    await furnish(db)
    return db


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def asked(app: FastAPI, services: Services, role: Role | None, plan: Plan) -> Found:
    user_id = PEOPLE[role]

    def sign_in() -> str:
        return bearer(user_id, services.clock.now())["authorization"]

    return fuzz(app, sign_in, plan, role, rights_of(services))


async def without_sign_outs(db: Database) -> Snapshot:
    """All documents but those of sessions that were ended by their holders, which anybody may."""
    found = await whole(db)
    own = ("session.ended", "session.all_ended")
    found["audit_log"] = [entry for entry in found["audit_log"] if entry["action"] not in own]
    return found | {"revoked_sessions": []}


def test_every_answer_to_an_owner_is_as_the_description_says(
    furnished: Database, app: FastAPI, services: Services
) -> None:
    found = asked(app, services, Role.OWNER, Plan(examples=1))
    assert found.complaints == []
    assert found.server_errors == 0
    assert {method for _, method, _ in found.statuses} >= {"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"}
    assert {phase for phase, count in found.by_phase.items() if count} >= {"coverage", "fuzzing", "stateful"}
    assert found.transitions >= 20
    assert found.of(200, 201, 202, 204) >= 200


@pytest.mark.parametrize("role", [Role.MANAGER, Role.EDITOR, None], ids=["manager", "editor", "stranger"])
async def test_nobody_gets_more_than_their_role_may(
    furnished: Database, app: FastAPI, services: Services, role: Role | None
) -> None:
    before = await without_sign_outs(furnished)
    found = asked(app, services, role, FEW)
    assert (found.complaints, found.exceeded, found.server_errors) == ([], [], 0)
    if role is None:
        assert found.of(403) >= 50
        assert await without_sign_outs(furnished) == before


def test_every_operation_but_the_session_needs_a_right_that_a_stranger_lacks(services: Services) -> None:
    needed = {place: right for place, right in rights_of(services).items() if right is not None}
    assert len(needed) >= 50
    assert not any(may(None, right) for right in needed.values())


def test_an_answer_that_is_not_described_is_reported(furnished: Database, app: FastAPI, services: Services) -> None:
    def refuse(operation: str, collection: str) -> None:
        if (operation, collection) == ("find", "job_leases"):
            raise OperationFailure("no", 2)

    furnished.before_call = refuse
    found = asked(app, services, Role.OWNER, FEW)
    assert found.server_errors > 0
    assert "GET /api/admin/scheduler/status" in {complaint.partition(":")[0] for complaint in found.complaints}
