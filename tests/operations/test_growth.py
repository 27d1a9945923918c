"""No operation sends more commands when its collections are larger."""

import inspect
import math
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from core.delivery_states import FOREVER
from database.batches import Bounds, Deleted
from database.connection import Database
from database.operations import (
    broadcast_rows,
    housekeeping_ops,
    membership_ops,
    orphan_ops,
    pause_ops,
    session_ops,
    token_counts,
    token_ops,
)
from database.operations.counting import tries
from database.operations.erasures import erasure_ops
from database.operations.erasures.erased_copies import PAGE
from database.operations.people import gift_ops
from database.operations.team import open_session_ops
from database.values import Document
from tests.clocks import SteeredClock
from tests.operations.plans.catalogue import CASES, Case, operations_there_are
from tests.operations.plans.filled import filled
from tests.operations.plans.queries import Wire
from tests.operations.plans.rows import NOW, TODAY, key

#: filling a database counts as the first test's time
pytestmark = [pytest.mark.sweep, pytest.mark.timeout(240)]

URI = os.environ.get("MONGO_URI", "memory://")
#: rows of each collection; a server is given fewer, because filling it takes most of a minute
FEW, MANY = 50, 5_000 if URI == "memory://" else 2_000
#: matching rows of each kind: more of them, too, must not cost more commands
WANTED_OF = {FEW: 5, MANY: 100}
Counts = dict[str, Counter[str]]
#: cases whose commands follow what there is to do, with the reason; they stay below MORE_MAX
MORE_MAX = 2 * MANY // PAGE + 5
GROWING = {
    "erased_copies.erase_broadcast_copies": "a page of recipients for each page of broadcasts that still have rows",
    "own_data.rows_of": "as above",
    "erased_rows.erase_rows": "as above",
    "erased_rows.erase_rows (without waiting)": "as above",
    "erasing.take_step (the first)": "as above",
    "erasing.take_step (the last)": "as above",
    "batches.count_events": "a batch of events concerns other collections each time, each of them once or twice",
    "post_takedown.bring_forward": "copies that are found and those that are left differ with the size",
}


@dataclass(frozen=True)
class Counted:
    """The calls of each case by collection, and the commands it sent (none in memory)."""

    calls: Counts
    commands: dict[str, int]


async def _count(size: int) -> Counted:
    counted, wire = Counted({}, {}), Wire()
    async with filled(URI, size, wanted=WANTED_OF[size], listeners=[wire]) as db:
        for case in CASES:
            db.calls.clear()
            wire.commands.clear()
            await case.run()
            counted.calls[case.name] = db.calls.copy()
            counted.commands[case.name] = len(wire.commands)
    return counted


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def few_and_many() -> tuple[Counted, Counted]:
    return await _count(FEW), await _count(MANY)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_as_many_calls_with_many_rows_as_with_few(case: Case, few_and_many: tuple[Counted, Counted]) -> None:
    few, many = few_and_many
    more = many.calls[case.name] - few.calls[case.name]
    if case.name in GROWING:
        assert more.total() <= MORE_MAX
    elif few.calls[case.name]["update_one unreadable_rows"]:
        # one of its rows cannot be read: in a full page the next one takes its place, by one more find
        assert more.total() <= 1
    else:
        assert many.calls[case.name] == few.calls[case.name]
    assert many.calls[case.name].total() > 0
    if URI != "memory://":
        # a call is one command: calls counted in memory are commands of a server
        for counted in few_and_many:
            assert counted.commands[case.name] == counted.calls[case.name].total()


def _bulk_deletes() -> set[str]:
    """Return the names of operations that delete in batches."""
    return {
        f"{operation.__module__.rpartition('.')[2]}.{operation.__qualname__}"
        for operation in operations_there_are()
        if "bounds" in inspect.signature(operation).parameters
    }


Bulk = Callable[[Bounds], Awaitable[Deleted]]
OLD = NOW - timedelta(days=30)
ONE, ANOTHER = key(1), key(2)


def _token(number: int, status: str) -> Document:
    return {"token": f"{status} {number}", "status": status, "created_at": OLD, "expires_at": OLD}


def _second(number: int) -> datetime:
    return OLD + timedelta(seconds=number)


#: by operation: its collection, a document it deletes, one it keeps, and the call
BULK: dict[str, tuple[str, Callable[[int], Document], Callable[[int], Document], Bulk]] = {
    "token_ops.delete_expired_and_used_tokens": (
        "tokens",
        lambda number: _token(number, "verified"),
        lambda number: _token(number, "unused"),
        lambda bounds: token_ops.delete_expired_and_used_tokens(NOW, **bounds),
    ),
    "token_ops.delete_unused_older_than": (
        "tokens",
        lambda number: _token(number, "unused"),
        lambda number: _token(number, "verified"),
        lambda bounds: token_ops.delete_unused_older_than(NOW, NOW, **bounds),
    ),
    "token_counts.reset_token_counts": (
        "token_generator_count",
        lambda number: {"user_id": number, "date": OLD},
        lambda number: {"user_id": number, "date": TODAY},
        lambda bounds: token_counts.reset_token_counts(TODAY, **bounds),
    ),
    "membership_ops.delete_channel": (
        "memberships",
        lambda number: {"chat_id": -1, "user_id": number},
        lambda number: {"chat_id": -2, "user_id": number},
        lambda bounds: membership_ops.delete_channel(-1, **bounds),
    ),
    "housekeeping_ops.delete_old_requests": (
        "memberships",
        lambda number: {"chat_id": -1, "user_id": number, "seen_at": OLD, "status": "requested"},
        lambda number: {"chat_id": -2, "user_id": number, "seen_at": NOW, "status": "requested"},
        lambda bounds: housekeeping_ops.delete_old_requests(NOW, **bounds),
    ),
    "housekeeping_ops.delete_old_audit_entries": (
        "audit_log",
        lambda number: {"at": _second(number)},
        lambda number: {"at": NOW},
        lambda bounds: housekeeping_ops.delete_old_audit_entries(NOW, **bounds),
    ),
    "gift_ops.delete_over": (
        "gifts",
        lambda number: {"code": f"over {number}", "expires_at": _second(number)},
        lambda number: {"code": f"open {number}", "expires_at": NOW},
        lambda bounds: gift_ops.delete_over(NOW, **bounds),
    ),
    "gift_ops.delete_old_claims": (
        "gift_claims",
        lambda number: {"is_owed": False, "expires_at": _second(number)},
        lambda number: {"is_owed": True, "expires_at": _second(number)},
        lambda bounds: gift_ops.delete_old_claims(NOW, **bounds),
    ),
    "tries.delete_old": (
        "tries",
        lambda number: {"date": _second(number), "is_due": False},
        lambda number: {"date": _second(number), "is_due": True},
        lambda bounds: tries.delete_old(NOW, **bounds),
    ),
    "erasure_ops.delete_old": (
        "erasures",
        lambda number: {"done_at": _second(number)},
        lambda number: {"done_at": NOW},
        lambda bounds: erasure_ops.delete_old(NOW, **bounds),
    ),
    "broadcast_rows.remove_rows": (
        "broadcast_recipients",
        lambda number: {"broadcast_id": ONE, "user_id": number},
        lambda number: {"broadcast_id": ANOTHER, "user_id": number},
        lambda bounds: broadcast_rows.remove_rows(str(ONE), bounds),
    ),
    "pause_ops.delete_expired": (
        "send_pauses",
        lambda number: {"bot_id": 1, "chat": number, "until": OLD},
        lambda number: {"bot_id": 1, "chat": number, "until": NOW + timedelta(days=1)},
        lambda bounds: pause_ops.delete_expired(NOW, **bounds),
    ),
    "session_ops.delete_expired_sessions": (
        "revoked_sessions",
        lambda number: {"jti": f"old {number}", "expires_at": OLD},
        lambda number: {"jti": f"new {number}", "expires_at": NOW},
        lambda bounds: session_ops.delete_expired_sessions(NOW, **bounds),
    ),
    "open_session_ops.delete_ended": (
        "sessions",
        lambda number: {"sid": f"old {number}", "user_id": number, "ends_at": OLD},
        lambda number: {"sid": f"new {number}", "user_id": number, "ends_at": NOW},
        lambda bounds: open_session_ops.delete_ended(NOW, **bounds),
    ),
    "housekeeping_ops.delete_old_deliveries": (
        "deliveries",
        lambda number: {"opened_at": OLD, "state": "sent"},
        lambda number: {"opened_at": OLD, "state": "sending"},
        lambda bounds: housekeeping_ops.delete_old_deliveries(NOW, **bounds),
    ),
    "housekeeping_ops.delete_old_paid_deliveries": (
        "deliveries",
        lambda number: {"opened_at": OLD, "state": "sent", "paid_until": OLD},
        lambda number: {"opened_at": OLD, "state": "sent", "paid_until": FOREVER},
        lambda bounds: housekeeping_ops.delete_old_paid_deliveries(NOW, **bounds),
    ),
    "housekeeping_ops.delete_failed_deliveries": (
        "deliveries",
        lambda number: {"opened_at": None, "sent_at": OLD, "state": "refused"},
        lambda number: {"opened_at": OLD, "sent_at": OLD, "state": "sent"},
        lambda bounds: housekeeping_ops.delete_failed_deliveries(NOW, **bounds),
    ),
    "housekeeping_ops.delete_old_runs": (
        "job_runs",
        lambda number: {"job": "a", "scheduled_at": _second(number), "started_at": OLD, "outcome": "succeeded"},
        lambda number: {"job": "b", "scheduled_at": _second(number), "started_at": OLD, "outcome": None},
        lambda bounds: housekeeping_ops.delete_old_runs(NOW, [str(ONE)], **bounds),
    ),
    "housekeeping_ops.delete_notified_impossible": (
        "impossible_deletions",
        lambda number: {"bot_id": 1, "is_told": True, "at": OLD},
        lambda number: {"bot_id": 1, "is_told": False, "at": OLD},
        lambda bounds: housekeeping_ops.delete_notified_impossible(NOW, **bounds),
    ),
    "housekeeping_ops.delete_expired_login_codes": (
        "login_codes",
        lambda number: {"code_hash": f"old {number}", "expires_at": OLD},
        lambda number: {"code_hash": f"new {number}", "expires_at": NOW},
        lambda bounds: housekeeping_ops.delete_expired_login_codes(NOW, **bounds),
    ),
    "housekeeping_ops.delete_old_incidents": (
        "incidents",
        lambda number: {"_id": f"old {number}", "closed_at": OLD},
        lambda number: {"_id": f"open {number}", "closed_at": None},
        lambda bounds: housekeeping_ops.delete_old_incidents(NOW, **bounds),
    ),
    "housekeeping_ops.delete_old_memberships": (
        "memberships",
        lambda number: {"chat_id": -1, "user_id": number, "seen_at": OLD, "status": "left"},
        lambda number: {"chat_id": -2, "user_id": number, "seen_at": OLD, "status": "requested"},
        lambda bounds: housekeeping_ops.delete_old_memberships(NOW, **bounds),
    ),
    "orphan_ops.delete_memberships_before": (
        "memberships",
        lambda number: {"chat_id": -1, "user_id": number, "seen_at": OLD},
        lambda number: {"chat_id": -1, "user_id": -1 - number, "seen_at": NOW},
        lambda bounds: orphan_ops.delete_memberships_before(-1, NOW, **bounds),
    ),
}
BATCH = 10


def test_every_bulk_delete_is_measured() -> None:
    assert set(BULK) == _bulk_deletes()


@pytest.mark.parametrize("matching", [0, 1, BATCH - 1, BATCH, BATCH + 1, 5 * BATCH])
@pytest.mark.parametrize("others", [0, 100])
@pytest.mark.parametrize("name", sorted(BULK))
async def test_a_bulk_delete_takes_two_commands_a_batch_and_a_last_look(
    db: Database, name: str, matching: int, others: int
) -> None:
    collection, goes, stays, delete = BULK[name]
    rows = [goes(number) for number in range(matching)] + [stays(number) for number in range(others)]
    if rows:
        await db.collection(collection).insert_many(rows)
    db.calls.clear()

    assert await delete({"batch_size": BATCH, "clock": SteeredClock()}) == Deleted(matching, more=False)
    batches = math.ceil(matching / BATCH)
    looks = max(batches, 1)
    # after several batches, each of which began behind the one before, from the front
    last_looks = int(batches > 1)
    assert db.calls == Counter(
        {
            f"find {collection}": looks,
            f"delete_many {collection}": batches,
            f"find_one {collection}": last_looks,
        }
    )
