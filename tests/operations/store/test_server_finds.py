"""The tests' server finds by its indexes, with our repairs, what mongomock finds by looking at every document."""

import os
import random
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import mongomock
import pytest
from bson import ObjectId
from pymongo import MongoClient

Document = dict[str, Any]
NOW = datetime(2026, 3, 1)  # noqa: DTZ001 - as both clients return it
IDS = [ObjectId(bytes([number] * 12)) for number in range(3)]
DOCUMENTS, QUERIES = 150, 60
INDEXES = (
    ("text", "at"),
    ("text", "number", "at"),
    ("id", "text", "order"),
    ("at", "number"),
    ("order",),
    ("flag", "at"),
)
#: what fields hold; null, other types and beginnings of others among them
VALUES: dict[str, list[Any]] = {
    "text": ["a", "ab", "abc", "b", "a\x00", "é", None],
    "number": [0, 1, 2, 2.5, -1, 10**12, None],
    "at": [*(NOW + timedelta(hours=hour) for hour in range(12)), None],
    "order": list(range(40)),
    "id": IDS,
    "flag": [True, False],
}


@pytest.fixture
def pair() -> Iterator[tuple[Any, Any]]:
    """One collection on the server, with indexes, and the same documents in mongomock."""
    chance, name = random.Random(1), f"tollgate_test_{secrets.token_hex(6)}"
    with MongoClient[Document](os.environ["MONGO_URI"]) as client:
        served: Any = client[name]["things"]
        plain: Any = mongomock.MongoClient()["a"]["things"]
        for fields in INDEXES:
            served.create_index([(one, 1) for one in fields])
        # some without a field
        documents = [
            {one: chance.choice(values) for one, values in VALUES.items() if chance.random() < 0.9} | {"_id": number}
            for number in range(DOCUMENTS)
        ]
        for home in (served, plain):
            home.insert_many([dict(document) for document in documents])
        try:
            yield served, plain
        finally:
            client.drop_database(name)


def _condition(chance: random.Random) -> tuple[Document, str]:
    """Return one that an index serves: given values, a range, another field; and the field it is in order of."""
    *given, by = chance.choice([index[:end] for index in INDEXES for end in range(1, len(index) + 1)])
    asked: Document = {}
    for one in given:
        # a value listed twice finds its documents once
        asked[one] = chance.choice([chance.choice(VALUES[one]), {"$in": chance.choices(VALUES[one], k=3)}])
    ends = sorted(value for value in chance.choices(VALUES[by], k=2) if value is not None)
    if len(ends) == 2 and by != "flag":
        span = {chance.choice(["$gt", "$gte"]): ends[0], chance.choice(["$lt", "$lte"]): ends[1]}
        asked[by] = chance.choice([span, dict([chance.choice(list(span.items()))])])
    another = chance.choice([one for one in VALUES if one not in (*given, by)])
    return asked | chance.choice([{}, {another: {"$ne": VALUES[another][0]}}]), by


@pytest.mark.server
def test_it_finds_counts_orders_and_changes_what_a_look_at_every_document_does(pair: tuple[Any, Any]) -> None:
    served, plain = pair
    chance = random.Random(2)
    for number in range(QUERIES):
        asked, by = _condition(chance)
        skip, limit = chance.choice([0, 3]), chance.randrange(1, 20)
        order = [(by, chance.choice([1, -1]))]
        wanted = {one["_id"] for one in plain.find(asked)}
        assert {one["_id"] for one in served.find(asked)} == wanted, asked
        in_order = [one.get(by) for one in served.find(asked).sort(order)]
        page = list(served.find(asked).sort(order).skip(skip).limit(limit))
        assert [one.get(by) for one in page] == in_order[skip : skip + limit], (asked, order)
        assert len({one["_id"] for one in page} & wanted) == len(page), (asked, order)
        if number % 10 == 0:
            change = {"$inc": {"changed": 1}}
            assert served.update_many(asked, change).matched_count == len(wanted), asked
    asked = {"text": {"$in": ["a", "ab"]}, "at": {"$gte": NOW, "$lt": NOW + timedelta(hours=6)}}
    assert served.delete_many(asked).deleted_count == plain.delete_many(asked).deleted_count > 0
