"""The API's own description, taken at its word by schemathesis: about a hundred requests (`bench api` makes more)."""

import pytest
import structlog
from pymongo.errors import OperationFailure

from bench.api_desk import OWNER, app_for, header
from bench.api_fuzz import fuzz
from core.clock import ManualClock
from database.connection import Database

#: of each operation, good ones and bad ones
EXAMPLES = 6

pytestmark = pytest.mark.timeout(180)


def test_no_request_is_answered_otherwise_than_described(db: Database, clock: ManualClock) -> None:
    found = fuzz(app_for(clock), lambda: header(OWNER, clock.now()), EXAMPLES)
    assert found.complaints == []
    assert found.server_errors == 0
    assert found.statuses.total() >= 80
    assert len({operation for operation, _ in found.statuses}) == 8


def test_what_is_answered_otherwise_is_found(db: Database, clock: ManualClock) -> None:
    def refuse(operation: str, collection: str) -> None:
        if (operation, collection) == ("find", "job_leases"):
            raise OperationFailure("no", 2)

    db.before_call = refuse
    with structlog.testing.capture_logs():
        found = fuzz(app_for(clock), lambda: header(OWNER, clock.now()), 1)
    assert found.server_errors > 0
    assert {complaint.partition(":")[0] for complaint in found.complaints} == {"GET /api/admin/scheduler/status"}
