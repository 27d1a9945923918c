"""Deleting much, a little at a time: bounded, pausing, and saying whether more remains."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from core.clock import Clock, SystemClock
from database.collection import Collection
from database.values import Document


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a bounded delete did; `more` when the time limit, or a stop, came before the end."""

    count: int
    more: bool


class Bounds(TypedDict, total=False):
    """How a bounded delete is bounded. Every name may be left out."""

    #: documents of one batch, at least 1 (default 1000)
    batch_size: int
    #: no batch is begun after this many seconds (default 300)
    timeout_s: float
    #: pause between two batches in milliseconds, so that others get their turn (default 50)
    pause_ms: int
    #: what pauses and the time limit are measured by (default: the machine's)
    clock: Clock
    #: asked before each batch, also the first: False ends it there (default: always True)
    goes_on: Callable[[], bool]
    #: told how many documents each batch removed, at once: what is known when a later batch fails (default: nobody)
    noted: Callable[[int], object]


def _always() -> bool:
    return True


def _to_nobody(count: int) -> None:
    """Nobody wants to know of single batches."""


async def delete_in_batches(
    collection: Collection,
    condition: Document,
    oldest_by: str,
    *,
    batch_size: int = 1000,
    timeout_s: float = 300,
    pause_ms: int = 50,
    clock: Clock | None = None,
    goes_on: Callable[[], bool] = _always,
    noted: Callable[[int], object] = _to_nobody,
) -> Deleted:
    """Delete what matches `condition`, smallest `oldest_by` first, batch after batch until none is left or time is up.

    `oldest_by` is a field of every match; where `condition` names it, it asks for a range. At least one batch is done,
    unless `goes_on` says no. Not atomic: each document is deleted by itself and only if it still matches then.
    """
    clock = clock or SystemClock()
    deadline = clock.monotonic() + timeout_s
    count = 0
    if batch_size < 1:
        raise ValueError("a batch needs a limit of at least 1")
    while goes_on():
        # one more than a batch: it tells whether there is another
        found = await collection.find(condition, limit=batch_size + 1, sort=[(oldest_by, 1)], projection=[oldest_by])
        more = len(found) > batch_size
        if found:
            # the condition again: a document may have changed between the look and the delete
            removed = await collection.delete_many({**condition, **_batch(found, oldest_by, batch_size)})
            count += removed
            noted(removed)
        if not more or clock.monotonic() >= deadline:
            return Deleted(count, more)
        await clock.sleep(pause_ms / 1000)
    return Deleted(count, more=True)


def _batch(found: list[Document], field: str, size: int) -> Document:
    """The first `size` of what was found as a range of `field`: for that an index does.

    A list of ids costs some servers a look at all that match. It is taken only where all have the same: a range of
    them has no end that is known. Where some at the end have the same as the one behind, they wait for the next batch.
    """
    first, last = found[0][field], found[min(size, len(found)) - 1][field]
    if len(found) <= size or last != found[size][field]:
        return {field: {"$gte": first, "$lte": last}}
    if first == last:
        return {"_id": {"$in": [one["_id"] for one in found[:size]]}}
    return {field: {"$gte": first, "$lt": last}}
