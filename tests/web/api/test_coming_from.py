"""Every address and field of docs/coming-from.md is there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import ManualClock
from core.jobs import JobOutcome, RunReport
from database.connection import Database
from database.operations import run_ops
from tests.clocks import WithSeconds
from tests.coming_from import names_of
from tests.web.auth.signing import OWNER, STATUS, Ticks, bearer
from tests.web.conftest import NOW
from web_app.ops import OpsAccess, Reach
from web_app.services import Services


@pytest.fixture
def clock(ticks: Ticks) -> ManualClock:
    async def pass_by(seconds: float) -> None:
        ticks.now += seconds

    return WithSeconds(ticks, NOW, pass_by)


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, ops=OpsAccess(Reach.THIS_MACHINE))


@pytest.mark.parametrize("address", names_of("Addresses"))
async def test_an_address_of_the_page_answers(client: httpx.AsyncClient, clock: ManualClock, address: str) -> None:
    method, _, path = address.partition(" ")
    body = {"task": "backup"} if path.endswith(("/trigger", "/pause", "/resume")) else None
    # asked as the monitoring of this machine does
    here = {"host": "127.0.0.1:8080"} if path in ("/readyz", "/metrics") else {}
    answer = await client.request(method, path, json=body, headers=bearer(OWNER, clock.now()) | here)
    # no bot runs here, so /readyz says no
    assert answer.status_code in ((503,) if path == "/readyz" else (200, 202))
    if "wait=" in path:
        assert answer.json()["requested"][0]["result"] is None


def value_at(document: Any, path: str) -> Any:
    """Return what is at a dotted path; of a list the item of the job `backup`. Raises KeyError."""
    for name in path.split("."):
        if isinstance(document, list):
            document = next(one for one in document if one["name"] == "backup")
        document = document[name]
    return document


async def test_every_field_of_the_page_is_in_the_status(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    run_id = await run_ops.start_run("backup", NOW, "me", NOW)
    assert run_id is not None
    report = RunReport("backup", JobOutcome.FAILED, NOW, NOW, timedelta(seconds=1), {"documents": 3}, error="full")
    await run_ops.finish_run(run_id, report)
    status = (await client.get(STATUS, headers=bearer(OWNER, clock.now()))).json()
    assert [path for path in names_of("Fields") if value_at(status, path) is None] == []
