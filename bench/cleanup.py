"""Removing expired tokens: how fast, with how many commands, and how long others wait meanwhile."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bench.expiring import Expiring
from bench.numbers import known, percentile, ratio
from bench.plan import Plan
from bench.report import Figure, Goal, shown
from bench.stores import IN_MEMORY, Store, database_of, find_server
from bench.telegram import Telegram
from bench.usage import rss_bytes, trimmed_rss_bytes
from core.errors import StoreUnavailable
from core.supervisor import Supervisor
from core.verification import TokenStatus
from database.collection import Collection
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import token_ops, user_ops
from database.values import Document

MB = 1_000_000
#: documents in one insert, and the time between the expiry of two tokens
AT_ONCE, APART = 1000, timedelta(milliseconds=1)
#: between two looks of the person who asks meanwhile, in seconds
LOOK_EVERY_S = 0.005
#: what the peak may be above the start and still be called flat, in bytes
FLAT_BYTES = 10 * MB
COLUMNS = (
    "store",
    "how",
    "expired",
    "removed",
    "s",
    "a second",
    "commands per 1,000",
    "find_one p50 ms",
    "longest ms",
    "RSS MB",
    "peak above",
    "end above",
)


@dataclass(slots=True)
class Removed:
    """One way of removing on one store. Bytes of RSS, seconds of waiting of a `find_one` beside it."""

    store: str
    how: str
    expired: int
    removed: int = 0
    seconds: float = math.nan
    commands: int = 0
    waits: tuple[float, ...] = ()
    start: int = 0
    peak: int = 0
    end: int = 0
    #: why it did not come to its end
    error: str | None = None

    @property
    def longest_s(self) -> float:
        return max(self.waits, default=math.nan)

    @property
    def commands_per_1000(self) -> float:
        return ratio(1000 * self.commands, self.removed)

    def row(self) -> tuple[str, ...]:
        return (
            self.store,
            self.how,
            f"{self.expired:,}",
            f"{self.removed:,}" + " (cut off)" * (self.error is not None),
            shown(self.seconds, 1),
            shown(ratio(self.removed, self.seconds), 0),
            shown(self.commands_per_1000, 2),
            shown(1000 * percentile(self.waits, 50), 1),
            shown(1000 * self.longest_s, 0),
            shown(self.start / MB, 0),
            shown((self.peak - self.start) / MB, 1),
            shown((self.end - self.start) / MB, 1),
        )

    def numbers(self) -> dict[str, Any]:
        return {
            "expired": self.expired,
            "removed": self.removed,
            "seconds": known(self.seconds),
            "commands": self.commands,
            "find_one_longest_s": known(self.longest_s),
            "find_ones": len(self.waits),
            "start_bytes": self.start,
            "peak_bytes": self.peak,
            "end_bytes": self.end,
            "error": self.error,
        }


Fill = Callable[[Database, int], Awaitable[None]]
IN_BATCHES, AT_A_STROKE = "in batches", "one delete_many"


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Each store with the product's clean-up, then with the simpler thing, on the same rows."""
    found = [await _measured(IN_MEMORY, "with an index", how, plan.expired, _in_order) for how in _WAYS]
    found += [await _measured(IN_MEMORY, "in memory", how, plan.expired_in_memory, _stored) for how in _WAYS]
    server = find_server()
    if server is not None:
        found += [await _measured(server, "server", how, plan.expired_on_server, _stored) for how in _WAYS]
    return _figure(found)


async def _measured(store: Store, name: str, how: str, expired: int, fill: Fill) -> Removed:
    async with database_of(store) as database:
        db = await open_database(store.uri, database)
        try:
            await ensure_indexes(db)
            await fill(db, expired)
            return await _remove(db, Removed(name, how, expired))
        finally:
            await close_database()


async def _in_order(db: Database, expired: int) -> None:
    first = db.now() - timedelta(days=1) - APART * expired
    expiring = Expiring([first + APART * number for number in range(expired)], TokenStatus.VERIFIED.value)
    db._collections["tokens"] = Collection(expiring, "tokens", db)


async def _stored(db: Database, expired: int) -> None:
    first = db.now() - timedelta(days=1) - APART * expired
    for start in range(0, expired, AT_ONCE):
        rows = [_token(number, first + APART * number) for number in range(start, min(expired, start + AT_ONCE))]
        await db.collection("tokens").insert_many(rows)


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


async def _remove(db: Database, removed: Removed) -> Removed:
    waits: list[float] = []
    removed.start = removed.peak = trimmed_rss_bytes()
    tasks = Supervisor()
    tasks.spawn(_ask(waits), "asking")
    await asyncio.sleep(10 * LOOK_EVERY_S)
    waits.clear()
    db.calls.clear()
    started = time.monotonic()
    try:
        await _WAYS[removed.how](db, removed)
    except StoreUnavailable as error:
        removed.error = str(error)
    removed.seconds = time.monotonic() - started
    # the one that waited for all of it is answered now
    await asyncio.sleep(2 * LOOK_EVERY_S)
    await tasks.close()
    removed.waits = tuple(waits)
    removed.commands = sum(count for name, count in db.calls.items() if name.endswith(" tokens"))
    removed.peak = max(removed.peak, rss_bytes())
    removed.end = trimmed_rss_bytes()
    return removed


async def _ask(waits: list[float]) -> None:
    """A person who asks all the time, on the connections people have; each wait is from when they wanted to ask."""
    while True:
        asks_at = time.monotonic() + LOOK_EVERY_S
        await asyncio.sleep(LOOK_EVERY_S)
        # one that was given up has waited, too
        with contextlib.suppress(StoreUnavailable):
            await user_ops.find(1)
        waits.append(time.monotonic() - asks_at)


async def _in_batches(db: Database, removed: Removed) -> None:
    """As the product does, with its own bounds; run after run where one does not reach the end."""

    def noted(count: int) -> None:
        removed.removed += count
        removed.peak = max(removed.peak, rss_bytes())

    while (await token_ops.delete_expired_and_used_tokens(noted=noted)).more:
        pass


async def _at_a_stroke(db: Database, removed: Removed) -> None:
    used = {"$in": [TokenStatus.VERIFIED, TokenStatus.BYPASSED]}
    removed.removed = await db.collection("tokens").delete_many({"status": used, "expires_at": {"$lt": db.now()}})


_WAYS: dict[str, Callable[[Database, Removed], Awaitable[None]]] = {
    IN_BATCHES: _in_batches,
    AT_A_STROKE: _at_a_stroke,
}


def _figure(found: list[Removed]) -> Figure:
    figure = Figure("Expired tokens removed while somebody asks for their own record", COLUMNS)
    figure.rows = [one.row() for one in found]
    for batched, at_once in zip(found[::2], found[1::2], strict=True):
        above = batched.peak - batched.start
        figure.goals += [
            Goal(
                f"{batched.store}: at most 2.1 commands per 1,000",
                shown(batched.commands_per_1000, 2),
                batched.commands_per_1000 <= 2.1,
            ),
            Goal(
                f"{batched.store}: peak at most {FLAT_BYTES // MB} MB above the start",
                shown(above / MB, 1),
                above <= FLAT_BYTES,
            ),
            Goal(
                f"{batched.store}: the longest find_one is shorter than beside one delete_many",
                f"{shown(1000 * batched.longest_s, 0)} and {shown(1000 * at_once.longest_s, 0)} ms",
                batched.longest_s < at_once.longest_s,
            ),
        ]
    figure.notes = [
        "The product's clean-up with the bounds of its configuration: 1,000 a batch, 50 ms between two, which are "
        "part of the seconds. Beside it one delete_many of everything, the simpler thing, on the same rows. Every "
        f"{LOOK_EVERY_S * 1000:.0f} ms somebody asks for one record on the connections people have.",
        "`with an index`: a million expired tokens in an ordered list in this process (bench/expiring.py), because "
        "neither other store gets through so many: `in memory` is mongomock, which goes through all that is left for "
        "each of the two commands, and SecantusDB, where that is the server, reads every match before it sorts. Both "
        "take the longer a batch the more is left, which MongoDB does not. In this process a command and the asker "
        "share one thread: their longest wait is that of one whole command.",
        *(f"{one.store}, {one.how}: ended by {one.error}" for one in found if one.error is not None),
    ]
    figure.numbers = {f"{one.store}, {one.how}": one.numbers() for one in found}
    return figure
