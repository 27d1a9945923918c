"""Bulk deletes in batches: bounded in size and time, with pauses, reporting whether more remains."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from core.clock import Clock, SystemClock
from database.collection import Collection
from database.values import Document


@dataclass(frozen=True, slots=True)
class Deleted:
    """The result of a bounded delete; `more` when it ended before all matches were deleted."""

    count: int
    more: bool


class Bounds(TypedDict, total=False):
    """Limits of a bounded delete. Every key is optional."""

    #: documents of one batch, at least 1 (default 1000)
    batch_size: int
    #: no batch starts after this many seconds (default 300)
    timeout_s: float
    #: pause between two batches in milliseconds, so that other commands are served (default 50)
    pause_ms: int
    #: for pauses and the time limit (default: the machine's clock)
    clock: Clock
    #: called before each batch, also the first: False stops the delete (default: always True)
    goes_on: Callable[[], bool]
    #: called after each batch with the documents it removed, so that the count is known when a later batch fails
    noted: Callable[[int], object]


def _always() -> bool:
    return True


def _ignore(count: int) -> None:
    """The default of `noted`."""


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
    noted: Callable[[int], object] = _ignore,
) -> Deleted:
    """Delete what matches `condition`, smallest `oldest_by` first, until none is left or the time is up.

    `oldest_by` is a field of every match; if `condition` names it, then as a range. At least one batch runs unless
    `goes_on` returns False. Not atomic: each document is deleted by itself, and only if it still matches then.

    A batch begins where the one before ended, not at the front: there an index keeps the entries of what was deleted,
    and reads all of them again. The last look is from the front, for what was inserted behind.
    """
    clock = clock or SystemClock()
    deadline = clock.monotonic() + timeout_s
    count = 0
    #: the largest value that was deleted; None: from the front
    behind: object = None
    if batch_size < 1:
        raise ValueError("a batch needs a limit of at least 1")
    while goes_on():
        # one more than a batch, to know whether another batch is needed
        rest = _from(condition, oldest_by, behind)
        found = await collection.find(rest, limit=batch_size + 1, sort=[(oldest_by, 1)], projection=[oldest_by])
        more = len(found) > batch_size
        if found:
            # the condition again: a document may have changed between the find and the delete
            removed = await collection.delete_many({**condition, **_batch(found, oldest_by, batch_size)})
            count += removed
            noted(removed)
        came_from, behind = behind, found[batch_size - 1].get(oldest_by) if more else None
        if not more and came_from is not None:
            more = await collection.find_one(condition, sort=[(oldest_by, 1)], projection=["_id"]) is not None
        if not more or clock.monotonic() >= deadline:
            return Deleted(count, more)
        await clock.sleep(pause_ms / 1000)
    return Deleted(count, more=True)


def _from(condition: Document, field: str, behind: object) -> Document:
    """Return the condition for what is left from `behind` on; other documents may have that very value."""
    return condition if behind is None else {**condition, field: {**condition.get(field, {}), "$gte": behind}}


def _batch(found: list[Document], field: str, size: int) -> Document:
    """Condition for the first `size` of `found`: a range of `field`, which every server resolves by an index.

    Documents at the end that share their value with the next one wait for the next batch. Where all share one value
    there is no such range: then a list of ids, for which some servers read every match of the condition. So for values
    of several types, or none, which no range contains.
    """
    values = [one.get(field) for one in found]
    first, last = values[0], values[min(size, len(values)) - 1]
    if first is None or type(first) is not type(last):
        return {"_id": {"$in": [one["_id"] for one in found[:size]]}}
    if len(found) <= size or last != values[size]:
        return {field: {"$gte": first, "$lte": last}}
    if first == last:
        return {"_id": {"$in": [one["_id"] for one in found[:size]]}}
    return {field: {"$gte": first, "$lt": last}}
