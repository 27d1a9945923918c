"""A trigger that waits for its result, and its form with the name in the address."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from core.jobs import JobOutcome, RunReport
from database.connection import Database
from database.operations import run_ops
from tests.clocks import WithSeconds
from tests.web.auth.signing import OWNER, TRIGGER, Ticks, bearer
from tests.web.conftest import whole
from web_app.api.system.run_results import WAIT_MAX_S, WAITING_MAX, RunResults

Act = Callable[[], Awaitable[None]]


class Waits(WithSeconds):
    """Each wait takes its seconds at once; `then` happens after the wait of that number, counted from 1."""

    def __init__(self, ticks: Ticks) -> None:
        super().__init__(ticks, sleep=self._wait)
        self._ticks = ticks
        self.then: dict[int, Act] = {}
        self.waited_s: list[float] = []

    async def _wait(self, seconds: float) -> None:
        self.waited_s.append(seconds)
        self._ticks.now += seconds
        act = self.then.get(len(self.waited_s))
        if act is not None:
            await act()


@pytest.fixture
def clock(ticks: Ticks) -> ManualClock:
    return Waits(ticks)


@pytest.fixture
def waits(clock: ManualClock) -> Waits:
    assert isinstance(clock, Waits)
    return clock


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def end_runs(clock: ManualClock, outcome: JobOutcome = JobOutcome.SUCCEEDED) -> None:
    """Do what a process that runs jobs does with every requested run."""
    for run in await run_ops.find_requests(100):
        assert await run_ops.start_requested(run.id, "runner", clock.now(), 1)
        report = RunReport(run.job, outcome, None, clock.now(), timedelta(seconds=2), {"deleted": 3})
        assert await run_ops.finish_run(run.id, report)


def results(answer: httpx.Response) -> list[dict[str, Any] | None]:
    return [one["result"] for one in answer.json()["requested"]]


async def test_a_trigger_that_waits_answers_with_how_the_run_ended(client: httpx.AsyncClient, waits: Waits) -> None:
    waits.then[3] = lambda: end_runs(waits)
    answer = await client.post(f"{TRIGGER}?wait=30s", json={"task": "token_cleanup"})
    assert answer.status_code == 200
    (result,) = results(answer)
    assert result is not None
    assert (result["outcome"], result["counts"], result["duration_s"]) == ("succeeded", {"deleted": 3}, 2.0)
    assert len(waits.waited_s) == 3, "it does not wait longer than the run takes"


async def test_a_run_that_failed_is_a_result_too(client: httpx.AsyncClient, waits: Waits) -> None:
    waits.then[1] = lambda: end_runs(waits, JobOutcome.FAILED)
    answer = await client.post(f"{TRIGGER}/backup?wait=5")
    assert (answer.status_code, [one["outcome"] for one in results(answer) if one]) == (200, ["failed"])


async def test_a_run_that_has_not_ended_in_time_is_202_and_goes_on(client: httpx.AsyncClient, waits: Waits) -> None:
    answer = await client.post(f"{TRIGGER}/token_cleanup?wait=7s")
    assert (answer.status_code, results(answer)) == (202, [None])
    assert sum(waits.waited_s) == 7
    assert [run.job for run in await run_ops.find_requests()] == ["token_cleanup"]


async def test_of_all_jobs_the_ended_ones_have_results_when_the_time_is_up(
    client: httpx.AsyncClient, waits: Waits
) -> None:
    async def end_one() -> None:
        run = next(run for run in await run_ops.find_requests() if run.job == "statistics")
        await run_ops.start_requested(run.id, "runner", waits.now(), 1)
        await run_ops.finish_run(run.id, RunReport(run.job, JobOutcome.SUCCEEDED, None, waits.now(), timedelta()))

    waits.then[1] = end_one
    answer = await client.post(f"{TRIGGER}/all?wait=2")
    assert answer.status_code == 202
    assert [one["task"] for one in answer.json()["requested"] if one["result"]] == ["statistics"]


async def test_a_database_that_is_away_while_waiting_ends_nothing(
    client: httpx.AsyncClient, waits: Waits, db: Database
) -> None:
    def refuse(operation: str, collection: str) -> None:
        raise AutoReconnect("gone")

    async def go_away() -> None:
        db.before_call = refuse

    async def come_back() -> None:
        db.before_call = None
        await end_runs(waits)

    waits.then.update({1: go_away, 4: come_back})
    answer = await client.post(f"{TRIGGER}/token_cleanup?wait=9")
    assert answer.status_code == 200


async def test_who_has_gone_is_not_waited_for(db: Database, waits: Waits) -> None:
    run_id = await run_ops.request_run("backup", waits.now(), 1)

    async def is_gone() -> bool:
        return len(waits.waited_s) == 2

    assert await RunResults(waits).wait([run_id], 50, is_gone) == {}
    assert len(waits.waited_s) == 2


async def test_only_so_many_requests_wait_at_once(db: Database, waits: Waits) -> None:
    run_id, found = await run_ops.request_run("backup", waits.now(), 1), RunResults(waits)
    may_go, all_wait = asyncio.Event(), asyncio.Barrier(WAITING_MAX + 1)

    async def is_gone() -> bool:
        await all_wait.wait()
        await may_go.wait()
        return True

    tasks = [asyncio.ensure_future(found.wait([run_id], 50, is_gone)) for _ in range(WAITING_MAX)]
    await all_wait.wait()
    assert await asyncio.wait_for(found.wait([run_id], 50, is_gone), 10) == {}
    may_go.set()
    await asyncio.gather(*tasks)
    await end_runs(waits)
    assert [*await found.wait([run_id], 50, is_gone)] == [run_id], "their places are free again"


@pytest.mark.parametrize("wait", ["0", "-1", f"{WAIT_MAX_S + 1}", "1.5", "30m", "s", "", "1e9", "٣", "30s%0A"])
async def test_a_wait_out_of_bounds_is_422_and_requests_nothing(
    client: httpx.AsyncClient, db: Database, wait: str
) -> None:
    before = await whole(db)
    answer = await client.post(f"{TRIGGER}/backup?wait={wait}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert await whole(db) == before


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2fetc", "BACKUP", "backup%00", "x" * 2000])
async def test_an_unknown_name_in_the_address_is_422_with_the_known_ones(
    client: httpx.AsyncClient, db: Database, name: str
) -> None:
    before = await whole(db)
    answer = await client.post(f"{TRIGGER}/{name}")
    assert answer.status_code in (404, 422)  # an encoded slash is another address
    assert answer.status_code == 404 or "backup" in answer.json()["tasks"]
    assert await whole(db) == before


async def test_another_site_cannot_trigger_by_the_address(client: httpx.AsyncClient, db: Database) -> None:
    token = client.headers.pop("authorization").partition(" ")[2]
    before = await whole(db)
    headers = {"cookie": f"__Host-tollgate_session={token}"}
    for foreign in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}, {"origin": "null"}):
        answer = await client.post(f"{TRIGGER}/backup", headers={**headers, **foreign})
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    assert (await client.post(f"{TRIGGER}/backup")).status_code == 401
    assert await whole(db) == before
