"""Memory of the process that sends, by the number of recipients."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.broadcast_rows import people
from bench.broadcast_scene import Scene
from bench.plan import Plan
from bench.product import RATE_PER_S
from bench.report import Figure, Goal, shown
from bench.stores import Store, client_of, database_of, find_server
from bench.subject import Subject, child, named
from bench.telegram import PRODUCT, TOKENS

MB = 1_000_000
#: what the larger broadcast may take more at its peak and still be called flat, in bytes
FLAT_BYTES = 5 * MB
#: copies after which it is cancelled; people in one insert; seconds the rows may take
CUT_AFTER, BATCH, PATIENCE_S = 500, 1000, 600.0
COLUMNS = ("recipients", "start MB", "peak above it", "end above it", "rows made", "in s", "copies", "then")
ROWS = "broadcast_recipients"


@dataclass(frozen=True, slots=True)
class Crowd:
    """One broadcast in a process of its own; bytes of RSS."""

    recipients: int
    start: int
    peak: int
    end: int
    rows: int
    rows_s: float
    copies: int
    outcome: str

    @property
    def above(self) -> int:
        return self.peak - self.start

    def numbers(self) -> dict[str, Any]:
        return {
            "start_bytes": self.start,
            "peak_bytes": self.peak,
            "end_bytes": self.end,
            "rows": self.rows,
            "rows_s": self.rows_s,
            "copies": self.copies,
            "outcome": self.outcome,
        }


async def measure(scene: Scene, plan: Plan) -> Figure:
    """The sizes one after the other."""
    store = find_server()
    if store is None:
        figure = Figure("Broadcast: memory of the process that sends", ("not measured",))
        figure.notes = ["It needs a server: in memory the rows are the process's own."]
        return figure
    scene.limit(0, 0)
    return _figure([await _crowd(scene, store, count) for count in plan.crowds])


async def _crowd(scene: Scene, store: Store, count: int) -> Crowd:
    rate = str(RATE_PER_S)
    async with (
        database_of(store) as name,
        client_of(store) as client,
        child(
            "broadcast_product", scene.telegram.url, TOKENS[PRODUCT], rate, rate, environment=named(store, name)
        ) as product,
    ):
        # only who is sent to need be in the sandbox: the first, for the order is that of the ids
        reached = scene.audience(PRODUCT, min(count, 4 * CUT_AFTER))
        await product.fresh([scene.message_id], 0)
        users = client[name]["users"]
        joined_at = datetime.now(UTC) - timedelta(days=1)
        for start in range(0, count, BATCH):
            await users.insert_many(people(reached[0].id + start, min(BATCH, count - start), joined_at))
        crowd = await _send(scene, product, client[name][ROWS], count)
        scene.telegram.forget(reached)
    return crowd


async def _send(scene: Scene, product: Subject, rows: Any, count: int) -> Crowd:
    scene.begin()
    began = time.monotonic()
    begun = await product.ask("begin", message_id=scene.message_id)
    copies, until = scene.arrivals.copies, scene.world.changed.until
    if await until(lambda: bool(copies), PATIENCE_S):
        await until(lambda: len(copies) >= min(CUT_AFTER, count), PATIENCE_S)
    rows_s = (scene.arrivals.moments[PRODUCT] or [time.monotonic()])[0] - began
    await product.ask("cancel")
    ended = await product.ask("ended", rows=False)
    made = await rows.count_documents({})
    memory = (int(begun["start_bytes"]), int(ended["peak_bytes"]), int(ended["end_bytes"]))
    return Crowd(count, *memory, made, rows_s, len(copies), str(ended["outcome"]))


def _figure(found: list[Crowd]) -> Figure:
    figure = Figure("Broadcast: memory of the process that sends (RSS)", COLUMNS)
    figure.rows = [
        (
            f"{one.recipients:,}",
            shown(one.start / MB, 1),
            shown(one.above / MB, 1),
            shown((one.end - one.start) / MB, 1),
            shown(one.rows),
            shown(one.rows_s, 1),
            shown(one.copies),
            one.outcome,
        )
        for one in found
    ]
    small, large = found[0], found[-1]
    more = (large.above - small.above) / MB
    figure.goals = [
        Goal(
            f"flat: the peak of {large.recipients:,} at most {FLAT_BYTES // MB} MB above that of {small.recipients:,}",
            f"{more:.1f} MB with {large.rows:,} rows made",
            (more * MB <= FLAT_BYTES) if large.rows == large.recipients or more * MB > FLAT_BYTES else None,
        )
    ]
    figure.notes = [
        f"A process each, on the server, rates out of the way. Everybody's row is made; after {CUT_AFTER} copies the "
        "broadcast is cancelled, so what is shown is the walk over all recipients and the beginning of the sending, "
        "which holds a page of ids and what is on its way, whatever comes after. RSS looked at 20 times a second, "
        "start and end after garbage collection and malloc_trim; `in s` is until the first copy, or until it was given "
        f"up after {PATIENCE_S:.0f} s: SecantusDB, where that is the server, reads all that is left for each page of "
        "people before it cuts (docs/decisions/0004).",
    ]
    figure.numbers = {f"{one.recipients}": one.numbers() for one in found}
    return figure
