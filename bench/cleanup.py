"""Deleting expired tokens: how fast, and how long others wait meanwhile, beside two simpler ways."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.harness.keyed import looked_up_by_key
from bench.harness.numbers import percentile, ratio
from bench.harness.report import Figure, Row
from bench.harness.stores import Store, database_of, stores
from bench.harness.telegram import Telegram
from bench.plan import Plan
from core.errors import StoreUnavailable
from core.supervisor import Supervisor
from core.verification import TokenStatus
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import token_ops, user_ops
from database.values import Document

#: seconds between two batches, as the product waits
PAUSE_S = 0.05
#: documents in one insert and of a batch, and the time between the expiry of two tokens
BATCH, APART = 1000, timedelta(milliseconds=1)
#: mongomock walks over all tokens for each command: more would measure only that
IN_MEMORY_MAX = 5_000
#: between two reads beside the deletion, in seconds
READ_EVERY_S = 0.005
COLUMNS = {"store": 0, "how": 0, "expired": 0, "deleted": 0, "s": 1, "a second": 0, "read p50 ms": 1, "longest ms": 0}


@dataclass(slots=True)
class Deletion:
    """One way of deleting on one store, and the seconds that each read took meanwhile."""

    deleted: int = 0
    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    #: why it did not come to its end
    error: str = ""


async def measure(_: Telegram, plan: Plan) -> list[Figure]:
    """Every way on each store, on the same rows."""
    figure, errors = Figure("Expired tokens deleted while others read", COLUMNS), []
    for store in stores():
        expired = min(plan.expired, IN_MEMORY_MAX) if store.is_memory else plan.expired
        for how, delete in WAYS.items():
            found = await deletion(store, expired, delete)
            figure.rows.append(_row(store, how, expired, found))
            errors += [f"{store.name}, {how}: ended by {found.error}"] * bool(found.error)
    figure.notes = [
        "The product's cleanup with the bounds of its configuration: 1,000 tokens a batch and 50 ms between two, which "
        "are part of the seconds; each begins behind the last token deleted. Beside it batches that are found from the "
        "front each time, and one delete_many of everything. Meanwhile one record is read each "
        f"{READ_EVERY_S * 1000:.0f} ms, over the connections that subscribers have.",
        f"mongomock walks over all tokens that are left for each command, so in memory there are {IN_MEMORY_MAX:,} at "
        "most. There a command and the reads share one thread, so the longest wait is that of one whole command.",
        *errors,
    ]
    return [figure]


async def deletion(store: Store, expired: int, delete: "Delete") -> Deletion:
    """Fill a new database with expired tokens and delete them."""
    async with database_of(store) as name:
        db = await open_database(store.uri, name)
        try:
            with looked_up_by_key():
                await ensure_indexes(db)
                await _fill(db, expired)
                return await _delete(db, delete)
        finally:
            await close_database()


async def _fill(db: Database, expired: int) -> None:
    first = db.now() - timedelta(days=1) - APART * expired
    for start in range(0, expired, BATCH):
        numbers = range(start, min(expired, start + BATCH))
        await db.collection("tokens").insert_many([_token(number, first + APART * number) for number in numbers])


def _token(number: int, expires_at: datetime) -> Document:
    return {
        "token": f"{number:032}",
        "user_id": number,
        "status": (TokenStatus.VERIFIED if number % 2 else TokenStatus.BYPASSED).value,
        "created_at": expires_at - timedelta(days=2),
        "expires_at": expires_at,
        "is_owed": False,
        "redeemed_at": None,
    }


async def _delete(db: Database, delete: "Delete") -> Deletion:
    found, tasks = Deletion(), Supervisor()
    tasks.spawn(_read(found.waits_s), "reads")
    await asyncio.sleep(10 * READ_EVERY_S)
    found.waits_s.clear()
    started = time.monotonic()
    try:
        await delete(db, found)
    except StoreUnavailable as error:
        found.error = str(error)
    found.seconds = time.monotonic() - started
    # a read that waited for the whole deletion is answered now
    await asyncio.sleep(2 * READ_EVERY_S)
    await tasks.close()
    return found


async def _read(waits_s: list[float]) -> None:
    """Read one record again and again; each wait is from the moment the read was due."""
    while True:
        due_at = time.monotonic() + READ_EVERY_S
        await asyncio.sleep(READ_EVERY_S)
        # a read that fails has waited, too
        with contextlib.suppress(StoreUnavailable):
            await user_ops.find(1)
        waits_s.append(time.monotonic() - due_at)


async def in_batches(_: Database, found: Deletion) -> None:
    """As the product does, with its own bounds; run after run where one does not reach the end."""

    def noted(count: int) -> None:
        found.deleted += count

    while (await token_ops.delete_expired_and_used_tokens(noted=noted)).more:
        pass


async def all_at_once(db: Database, found: Deletion) -> None:
    """Delete everything by one command."""
    used = {"$in": [TokenStatus.VERIFIED, TokenStatus.BYPASSED]}
    found.deleted = await db.collection("tokens").delete_many({"status": used, "expires_at": {"$lt": db.now()}})


async def from_the_front(db: Database, found: Deletion) -> None:
    """Delete in batches of the same size and with the same pauses, each found from the front again."""
    tokens = db.bulk("tokens")
    used = {"$in": [TokenStatus.VERIFIED, TokenStatus.BYPASSED]}
    expired: Document = {"status": used, "expires_at": {"$lt": db.now()}}
    order = [("expires_at", 1)]
    while batch := await tokens.find(expired, limit=BATCH, sort=order, projection=["expires_at"]):
        span = {"$gte": batch[0]["expires_at"], "$lte": batch[-1]["expires_at"]}
        found.deleted += await tokens.delete_many({**expired, "expires_at": span})
        await asyncio.sleep(PAUSE_S)


Delete = Callable[[Database, Deletion], Awaitable[None]]
WAYS: dict[str, Delete] = {"in batches": in_batches, "from the front": from_the_front, "one delete_many": all_at_once}


def _row(store: Store, how: str, expired: int, found: Deletion) -> Row:
    return (
        store.name,
        how,
        expired,
        found.deleted,
        found.seconds,
        ratio(found.deleted, found.seconds),
        percentile(found.waits_s, 50) * 1000,
        percentile(found.waits_s, 100) * 1000,
    )
