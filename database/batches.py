"""Deleting much, a little at a time: bounded, pausing, and saying whether more remains."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from database.collection import Collection
from database.values import Document


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a bounded delete did; `more` when the time limit came before the end."""

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
    #: how to pause, given seconds (default `asyncio.sleep`)
    sleep: Callable[[float], Awaitable[object]]
    #: seconds that only go forward (default `time.monotonic`)
    monotonic: Callable[[], float]


async def delete_in_batches(
    collection: Collection,
    condition: Document,
    oldest_by: str,
    *,
    is_unique: bool = False,
    batch_size: int = 1000,
    timeout_s: float = 300,
    pause_ms: int = 50,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Deleted:
    """Delete what matches `condition`, smallest `oldest_by` first, batch after batch until none is left or time is up.

    At least one batch is done. Not atomic: each document is deleted by itself and only if it still matches then.
    `is_unique`: no two that match have the same `oldest_by`, and `condition` does not name it. A batch is then a range
    of it, for which an index does; a list of ids costs some servers a look at all that match.
    """
    deadline = monotonic() + timeout_s
    field = oldest_by if is_unique else "_id"
    count = 0
    while True:
        found = await collection.find(condition, limit=batch_size, sort=[(oldest_by, 1)], projection=[field])
        if found:
            # the condition again: a document may have changed between the look and the delete
            count += await collection.delete_many(
                {**condition, field: _batch([one[field] for one in found], is_range=is_unique)}
            )
        if len(found) < batch_size:
            return Deleted(count, more=False)
        if monotonic() >= deadline:
            left = await collection.find_one(condition, projection=["_id"])
            return Deleted(count, more=left is not None)
        await sleep(pause_ms / 1000)


def _batch(values: list[Any], *, is_range: bool) -> Document:
    return {"$gte": values[0], "$lte": values[-1]} if is_range else {"$in": values}
