"""Schemathesis checks the API against its own OpenAPI description, with about a hundred requests."""

import pytest
import structlog
from pymongo.errors import OperationFailure

from bench.api_desk import OWNER, app_for, header
from bench.api_fuzz import fuzz
from core.clock import ManualClock
from database.connection import Database

#: requests per operation, valid and invalid ones
EXAMPLES = 6

pytestmark = pytest.mark.timeout(180)


def test_every_answer_is_as_the_description_says(db: Database, clock: ManualClock) -> None:
    found = fuzz(app_for(clock), lambda: header(OWNER, clock.now()), EXAMPLES)
    assert found.complaints == []
    assert found.server_errors == 0
    assert found.statuses.total() >= 80
    assert len({operation for operation, _ in found.statuses}) == 8


def test_an_answer_that_is_not_described_is_reported(db: Database, clock: ManualClock) -> None:
    def refuse(operation: str, collection: str) -> None:
        if (operation, collection) == ("find", "job_leases"):
            raise OperationFailure("no", 2)

    db.before_call = refuse
    with structlog.testing.capture_logs():
        found = fuzz(app_for(clock), lambda: header(OWNER, clock.now()), 1)
    assert found.server_errors > 0
    assert {complaint.partition(":")[0] for complaint in found.complaints} == {"GET /api/admin/scheduler/status"}
