"""The API of the broadcasts view: the list, a card, and decisions that come in time or too late."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast, RecipientState
from core.clock import ManualClock
from core.segments import Segment, SegmentKind
from core.team.admins import Role
from database.connection import Database
from database.operations import audit_ops, broadcast_ops
from tests.web.auth.signing import API, EDITOR, OWNER, bearer
from tests.web.conftest import NOW

BROADCASTS = f"{API}/broadcasts"
HOUR = timedelta(hours=1)


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def made(number: int = 0, **more: Any) -> Broadcast:
    at = NOW - timedelta(minutes=number)
    fields: dict[str, Any] = {
        "key": f"draft {number}",
        "title": f"News {number}",
        "source_chat_id": -1001,
        "message_ids": (7,),
        "created_by": OWNER,
        "created_at": at,
        "send_at": at,
        "progress_chat_id": OWNER,
    }
    broadcast, _ = await broadcast_ops.create(NewBroadcast.model_validate(fields | more))
    return broadcast


async def sent(counts: dict[str, int], **more: Any) -> Broadcast:
    """A broadcast that was sent just now."""
    broadcast = await broadcast_ops.start(await made(**more), NOW)
    assert broadcast is not None
    await broadcast_ops.record_cursor(broadcast.id, 9, is_filled=True)
    ended = await broadcast_ops.finish(broadcast.id, BroadcastStatus.SENT, NOW, counts)
    assert ended is not None
    return ended


async def test_the_list_has_fifty_of_a_page_the_latest_first(client: httpx.AsyncClient, db: Database) -> None:
    for number in range(51):
        await made(number)
    first = (await client.get(BROADCASTS)).json()
    assert ([one["title"] for one in first["broadcasts"][:2]], first["more"]) == (["News 0", "News 1"], True)
    assert len(first["broadcasts"]) == 50
    second = (await client.get(f"{BROADCASTS}?page=1")).json()
    assert ([one["title"] for one in second["broadcasts"]], second["more"]) == (["News 50"], False)


async def test_a_card_counts_who_got_it_and_who_did_not(client: httpx.AsyncClient, db: Database) -> None:
    counts = {RecipientState.SENT: 5, RecipientState.DELETED: 2, RecipientState.BLOCKED: 1, RecipientState.UNKNOWN: 1}
    segment = Segment(kind=SegmentKind.ACTIVE, days=7)
    broadcast = await sent({state.value: count for state, count in counts.items()}, segment=segment)
    card = (await client.get(f"{BROADCASTS}/{broadcast.id}")).json()
    assert (card["status"], card["arrived"], card["total"], card["remaining"]) == ("sent", 7, 9, 0)
    assert card["audience"] == {"kind": "active", "days": 7, "language": None, "source": None}
    assert card["decisions"] == ["recall"]


@pytest.mark.parametrize(
    ("decision", "before", "after", "action"),
    [
        ("pause", BroadcastStatus.SENDING, "paused", "broadcast.paused"),
        ("resume", BroadcastStatus.PAUSED, "queued", "broadcast.resumed"),
        ("cancel", BroadcastStatus.QUEUED, "cancelled", "broadcast.cancelled"),
    ],
)
async def test_a_decision_changes_the_row_that_the_sender_reads(
    client: httpx.AsyncClient, db: Database, decision: str, before: BroadcastStatus, after: str, action: str
) -> None:
    broadcast = await made()
    await db.collection("broadcasts").update_one({"key": broadcast.key}, {"$set": {"status": before.value}})
    assert decision in (await client.get(f"{BROADCASTS}/{broadcast.id}")).json()["decisions"]
    answer = await client.post(f"{BROADCASTS}/{broadcast.id}/{decision}")
    assert (answer.status_code, answer.json()["status"]) == (200, after)
    stored = await broadcast_ops.find(broadcast.id)
    assert stored is not None
    assert (stored.status, stored.is_shown) == (after, False)
    (entry,) = await audit_ops.last(5)
    assert (entry.admin_id, entry.action, entry.target) == (OWNER, action, broadcast.id)
    assert (entry.before, entry.after) == ({"status": before}, {"title": "News 0", "status": after})


async def test_copies_are_deleted_for_everyone_once(client: httpx.AsyncClient, db: Database) -> None:
    broadcast = await sent({"sent": 3})
    first = await client.post(f"{BROADCASTS}/{broadcast.id}/recall")
    assert (first.status_code, first.json()["status"], first.json()["decisions"]) == (200, "recalling", [])
    second = await client.post(f"{BROADCASTS}/{broadcast.id}/recall")
    assert (second.status_code, second.json()["code"]) == (409, "changed")
    assert second.json()["error"] == "Nothing was changed: it is being deleted."
    assert len(await audit_ops.last(5)) == 1


async def test_a_broadcast_that_nobody_has_is_not_deleted(client: httpx.AsyncClient, db: Database) -> None:
    broadcast = await sent({"blocked": 3})
    assert (await client.post(f"{BROADCASTS}/{broadcast.id}/recall")).status_code == 409
    assert await audit_ops.last(5) == []


async def test_copies_older_than_48_hours_are_not_deleted(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    broadcast = await sent({"sent": 3})
    clock.move(48 * HOUR)
    client.headers.update(bearer(OWNER, clock.now()))
    assert (await client.get(f"{BROADCASTS}/{broadcast.id}")).json()["decisions"] == []
    assert (await client.post(f"{BROADCASTS}/{broadcast.id}/recall")).status_code == 409


async def test_of_two_members_who_decide_at_once_the_second_reads_what_it_is_now(
    client: httpx.AsyncClient, db: Database
) -> None:
    broadcast = await made()
    await broadcast_ops.cancel(broadcast.id, NOW)
    answer = await client.post(f"{BROADCASTS}/{broadcast.id}/cancel")
    assert (answer.status_code, answer.json()["error"]) == (409, "Nothing was changed: it was cancelled.")


@pytest.mark.parametrize("broadcast_id", ["nope", "0" * 24, "..%2f", "x" * 65])
async def test_a_broadcast_that_is_not_there_is_404(client: httpx.AsyncClient, db: Database, broadcast_id: str) -> None:
    assert (await client.get(f"{BROADCASTS}/{broadcast_id}")).status_code in (404, 422)
    assert (await client.post(f"{BROADCASTS}/{broadcast_id}/cancel")).status_code in (404, 422)


async def test_editors_neither_see_nor_decide(
    client: httpx.AsyncClient, db: Database, admins: None, clock: ManualClock
) -> None:
    broadcast = await made()
    client.headers.update(bearer(EDITOR, clock.now(), Role.EDITOR))
    assert (await client.get(BROADCASTS)).status_code == 403
    assert (await client.post(f"{BROADCASTS}/{broadcast.id}/cancel")).status_code == 403
    stored = await broadcast_ops.find(broadcast.id)
    assert stored is not None
    assert stored.status is BroadcastStatus.QUEUED
