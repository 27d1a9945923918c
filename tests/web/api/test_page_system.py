"""The API of the system view: backups, files of exports by ticket, maintenance."""

import json
from collections import deque
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.exchange.exports import Exported, FileFormat
from core.jobs import JobOutcome, RunReport
from core.settings.maintenance import maintenance_end
from core.team.admins import Role
from core.users import Visitor
from database.connection import Database
from database.operations import audit_ops, run_ops, settings_ops, user_ops
from database.operations.exchange import export_ops
from tests.web.auth.signing import API, EDITOR, MANAGER, OWNER, SECRET, SESSION, STRANGER, bearer, signed_in
from tests.web.conftest import NOW
from web_app.api.system import exports
from web_app.auth.download_tickets import TICKET_MAX, new_ticket, write_ticket
from web_app.problems import Problem

EXPORT, MAINTENANCE = f"{API}/system/export", f"{API}/system/maintenance"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def ordered(client: httpx.AsyncClient, what: str = "subscribers", form: str = "csv") -> str:
    answer = await client.post(EXPORT, json={"what": what, "format": form})
    assert answer.status_code == 200, answer.text
    return API + str(answer.json()["path"])


async def fetched(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Fetch the address as Telegram's app does: without cookie and token."""
    transport = client._transport
    async with httpx.AsyncClient(transport=transport, base_url="https://gate.example") as stranger:
        return await stranger.get(path)


async def test_backups_are_the_runs_of_their_job_the_latest_first(client: httpx.AsyncClient, db: Database) -> None:
    for hours, outcome in ((2, JobOutcome.SUCCEEDED), (1, JobOutcome.FAILED)):
        at = NOW - hours * HOUR
        run_id = await run_ops.start_run("backup", at, "me", at)
        assert run_id is not None
        report = RunReport("backup", outcome, NOW, at, MINUTE, {"bytes": 5}, False, None)
        await run_ops.finish_run(run_id, report)
    await client.post(f"{API}/scheduler/trigger", json={"task": "backup"})
    found = (await client.get(f"{API}/system/backups")).json()
    assert [run["outcome"] for run in found["runs"]] == ["failed", "succeeded"]
    assert (found["is_running"], found["is_waiting"]) == (False, True)


# --- exports


async def test_a_file_is_fetched_by_its_ticket_without_a_session(client: httpx.AsyncClient, db: Database) -> None:
    for user_id in (7, 8):
        await user_ops.upsert_visitor(Visitor(user_id=user_id, first_name="=Ann"), NOW)
    answer = await fetched(client, await ordered(client))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="subscribers-2026-03-01.csv"'
    assert answer.headers["access-control-allow-origin"] == "https://web.telegram.org"
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert (lines[0][:18], len(lines)) == ("user_id,first_name", 3)
    assert lines[1].startswith("7,'=Ann,")
    listed = json.loads((await fetched(client, await ordered(client, form="json"))).content)
    assert [one["user_id"] for one in listed] == [7, 8]
    assert [entry.action for entry in await audit_ops.last(5)] == ["data.exported"] * 2


@pytest.mark.parametrize("what", ["posts", "days", "activity"])
async def test_an_empty_file_has_its_columns(client: httpx.AsyncClient, db: Database, what: str) -> None:
    answer = await fetched(client, await ordered(client, what))
    assert len(answer.content.decode("utf-8-sig").splitlines()) == 1


async def test_a_ticket_ends_after_two_minutes(client: httpx.AsyncClient, db: Database, clock: ManualClock) -> None:
    path = await ordered(client)
    clock.move(2 * MINUTE)
    assert (await fetched(client, path)).status_code == 401


async def test_a_forged_ticket_is_refused(client: httpx.AsyncClient, db: Database) -> None:
    path = await ordered(client)
    head, _, ticket = path.partition("ticket=")
    body, _, signature = ticket.partition(".")
    wrong = [
        body,
        f"{body}.",
        f"{body}.{signature[:-1]}0",
        f"x{body}.{signature}",
        "." + signature,
        "é.",
        "x" * TICKET_MAX,
    ]
    for text in wrong:
        if text != ticket:
            assert (await fetched(client, f"{head}ticket={text}")).status_code == 401, text
    assert (await fetched(client, f"{head}ticket={'x' * 600}")).status_code == 422
    assert await audit_ops.last(5) == []


async def test_a_ticket_of_somebody_who_lost_the_right_or_signed_out_is_refused(
    client: httpx.AsyncClient, db: Database, admins: None, clock: ManualClock
) -> None:
    client.headers.update(bearer(MANAGER, clock.now(), Role.MANAGER))
    path = await ordered(client)
    await db._native["admins"].update_one({"user_id": MANAGER}, {"$set": {"role": "editor"}})
    assert (await fetched(client, path)).status_code == 403
    await db._native["admins"].delete_one({"user_id": MANAGER})
    assert (await fetched(client, path)).status_code == 403
    del client.headers["authorization"]
    await signed_in(client, OWNER, clock.now())
    path = await ordered(client)
    assert (await client.delete(SESSION)).status_code == 204
    assert (await fetched(client, path)).status_code == 401


async def test_a_manager_gets_no_file_of_what_the_team_did(
    client: httpx.AsyncClient, db: Database, admins: None, clock: ManualClock
) -> None:
    body = {"what": "activity", "format": "csv"}
    client.headers.update(bearer(MANAGER, clock.now(), Role.MANAGER))
    assert (await client.post(EXPORT, json=body)).status_code == 403
    # ordered while an owner
    await db._native["admins"].insert_one({"user_id": STRANGER, "role": "manager"})
    ticket = new_ticket(STRANGER, "s", Exported.ACTIVITY, FileFormat.CSV, clock.now())
    path = f"{EXPORT}/file?ticket={write_ticket(ticket, SECRET)}"
    assert (await fetched(client, path)).status_code == 403


async def test_an_outage_before_the_file_begins_is_an_answer(
    client: httpx.AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await ordered(client)

    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(export_ops, "page", away)
    assert (await fetched(client, path)).status_code == 503
    assert await audit_ops.last(5) == []


async def test_a_file_is_read_page_by_page_in_order(
    client: httpx.AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [
        {"user_id": number, "joined_at": NOW, "last_seen_at": NOW, "first_name": "x" * 60} for number in range(1, 502)
    ]
    await db.collection("users").insert_many(people)
    db.calls.clear()
    answer = await fetched(client, await ordered(client))
    lines = answer.content.decode("utf-8-sig").splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == list(range(1, 502))
    assert db.calls["find users"] == 2


async def test_only_three_files_are_read_at_once(db: Database) -> None:
    counted = exports.Exports()
    streams = [await counted.begin(_pages(), _Lines()) for _ in range(exports.AT_ONCE)]
    with pytest.raises(Problem) as refused:
        await counted.begin(_pages(), _Lines())
    assert refused.value.status_code == 429
    assert b"".join([chunk async for chunk in streams[0]]) == b"<1,2,>"
    assert [chunk async for chunk in await counted.begin(_pages(), _Lines())] == [b"<1,", b"2,", b">"]


async def _pages() -> AsyncIterator[deque[list[Any]]]:
    for number in (1, 2):
        yield deque([[number]])


class _Lines:
    def start(self) -> bytes:
        return b"<"

    def row(self, values: list[Any], *, is_first: bool) -> bytes:
        return f"{values[0]},".encode()

    def end(self) -> bytes:
        return b">"


# --- maintenance


async def test_maintenance_begins_moves_and_ends(client: httpx.AsyncClient, db: Database, clock: ManualClock) -> None:
    found = (await client.get(MAINTENANCE)).json()
    assert (found["until"], len(found["offered"])) == (None, 6)
    until = found["offered"][1]
    begun = await client.put(MAINTENANCE, json={"until": until, "seen": None})
    assert (begun.status_code, begun.json()["until"]) == (200, until)
    assert maintenance_end(await settings_ops.load(), clock.now()) is not None
    moved = await client.put(MAINTENANCE, json={"until": found["offered"][2], "seen": until})
    assert moved.json()["until"] == found["offered"][2]
    ended = await client.put(MAINTENANCE, json={"until": None, "seen": found["offered"][2]})
    assert ended.json()["until"] is None
    assert [entry.target for entry in await audit_ops.last(5)] == ["maintenance_until"] * 3


async def test_maintenance_that_another_owner_changed_is_not_overwritten(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    offered = (await client.get(MAINTENANCE)).json()["offered"]
    await client.put(MAINTENANCE, json={"until": offered[0], "seen": None})
    answer = await client.put(MAINTENANCE, json={"until": offered[3], "seen": None})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    assert (await client.get(MAINTENANCE)).json()["until"] == offered[0]


@pytest.mark.parametrize("until", ["2026-03-01T12:00:00Z", "2026-03-02T12:00:01Z", "2026-03-01T13:00:00", "soon", 5])
async def test_an_end_that_is_over_too_far_or_no_time_is_refused(
    client: httpx.AsyncClient, db: Database, until: Any
) -> None:
    assert (await client.put(MAINTENANCE, json={"until": until, "seen": None})).status_code == 422
    assert await db.collection("admin_config").find_one({}) is None


async def test_maintenance_is_for_owners_and_the_rest_not_for_editors(
    client: httpx.AsyncClient, db: Database, admins: None, clock: ManualClock
) -> None:
    client.headers.update(bearer(MANAGER, clock.now(), Role.MANAGER))
    assert (await client.put(MAINTENANCE, json={"until": None, "seen": None})).status_code == 403
    assert (await client.get(f"{API}/system/backups")).status_code == 200
    client.headers.update(bearer(EDITOR, clock.now(), Role.EDITOR))
    for path in (f"{API}/system/backups", MAINTENANCE, f"{API}/scheduler/status"):
        assert (await client.get(path)).status_code == 403
    assert (await client.post(EXPORT, json={"what": "posts", "format": "csv"})).status_code == 403
