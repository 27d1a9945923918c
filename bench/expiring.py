"""Tokens in the order of their expiry: what an index gives, which mongomock does not have.

mongomock asks every document for every operation and SecantusDB reads every match before it sorts; both take longer the
more there is to remove. A million is removed from this: it answers what the clean-up asks, and nothing else.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from database.values import Document


@dataclass(slots=True)
class Expiring:
    """A collection as motor has it, of documents that are `{"_id": its place, "expires_at", "status"}`."""

    expires_at: list[datetime]
    status: str
    #: 1 for what is there
    _there: bytearray = field(init=False)
    #: nothing is there before it
    _first: int = 0

    def __post_init__(self) -> None:
        self._there = bytearray(b"\1" * len(self.expires_at))

    @property
    def left(self) -> int:
        return self._there.count(1)

    def find(self, condition: Document, **asked: Any) -> "Found":
        return Found(self, condition, asked["limit"])

    async def delete_many(self, condition: Document) -> SimpleNamespace:
        await asyncio.sleep(0)
        removed = 0
        for place in self.matching(condition):
            self._there[place] = 0
            removed += 1
        self._first = max(self._there.find(1), 0) if self.left_after(self._first) else len(self._there)
        return SimpleNamespace(deleted_count=removed)

    def left_after(self, place: int) -> bool:
        """Whether something is there from `place` on."""
        return self._there.find(1, place) >= 0

    def matching(self, condition: Document) -> Iterator[int]:
        """Places of what matches, oldest first. Raises KeyError for a condition the clean-up does not have."""
        if self.status not in condition["status"]["$in"]:
            return
        begin, end = self._first, len(self.expires_at)
        for operator, value in condition["expires_at"].items():
            if operator in ("$gt", "$gte"):
                edge = bisect_left if operator == "$gte" else bisect_right
                begin = max(begin, edge(self.expires_at, value))
            else:
                edge = {"$lt": bisect_left, "$lte": bisect_right}[operator]
                end = min(end, edge(self.expires_at, value))
        place = self._there.find(1, begin, end)
        while place >= 0:
            yield place
            place = self._there.find(1, place + 1, end)


@dataclass(slots=True)
class Found:
    """A cursor."""

    store: Expiring
    condition: Document
    limit: int

    def sort(self, by: list[tuple[str, int]]) -> "Found":
        if by != [("expires_at", 1)]:
            raise ValueError("they are in the order of their expiry")
        return self

    async def to_list(self, length: int) -> list[Document]:
        await asyncio.sleep(0)
        found: list[Document] = []
        for place in self.store.matching(self.condition):
            if len(found) == self.limit:
                break
            found.append({"_id": place, "expires_at": self.store.expires_at[place]})
        return found
