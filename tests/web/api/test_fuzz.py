"""Schemathesis checks the API against its own OpenAPI description, with about a hundred requests."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import structlog
from fastapi import FastAPI
from pymongo.errors import OperationFailure

from core.clock import ManualClock
from database.connection import Database
from tests.clocks import WithSeconds
from tests.web.api.fuzzing import fuzz
from tests.web.auth.signing import OWNER, Ticks, bearer
from tests.web.conftest import NOW
from web_app.app import build_app
from web_app.rate_limit import Limits
from web_app.services import AdminServices, Services

#: requests per operation, valid and invalid ones
EXAMPLES = 6
SignIn = Callable[[], Mapping[str, str]]

pytestmark = [pytest.mark.sweep, pytest.mark.timeout(180)]


@pytest.fixture
def clock(ticks: Ticks) -> ManualClock:
    """A clock on which a trigger's wait is over at once: no process runs the jobs here."""

    async def pass_by(seconds: float) -> None:
        ticks.now += seconds

    return WithSeconds(ticks, NOW, pass_by)


@pytest.fixture
def app(services: Services, admin: AdminServices) -> FastAPI:
    """The web app without its limit on requests."""
    return build_app(replace(services, admin=replace(admin, limits=Limits(10**9, 10**9))))


@pytest.fixture
def sign_in(clock: ManualClock) -> SignIn:
    """The owner's session. schemathesis finds the header it leaves out by this spelling."""
    return lambda: {"Authorization": bearer(OWNER, clock.now())["authorization"]}


def test_every_answer_is_as_the_description_says(db: Database, app: FastAPI, sign_in: SignIn) -> None:
    found = fuzz(app, sign_in, EXAMPLES)
    assert found.complaints == []
    assert found.server_errors == 0
    assert found.statuses.total() >= 80
    assert len({operation for operation, _ in found.statuses}) == 9


def test_an_answer_that_is_not_described_is_reported(db: Database, app: FastAPI, sign_in: SignIn) -> None:
    def refuse(operation: str, collection: str) -> None:
        if (operation, collection) == ("find", "job_leases"):
            raise OperationFailure("no", 2)

    db.before_call = refuse
    with structlog.testing.capture_logs():
        found = fuzz(app, sign_in, 1)
    assert found.server_errors > 0
    assert {complaint.partition(":")[0] for complaint in found.complaints} == {"GET /api/admin/scheduler/status"}
