"""The arithmetic and the tables of the figures of broadcasts; nothing here is timed and no other process is started."""

import dataclasses
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from mongomock import MongoClient

from bench.broadcast_arrivals import COPY, Arrivals, Sent, sent
from bench.broadcast_asking import Waits
from bench.broadcast_asking import _figure as asking_figure
from bench.broadcast_kills import Killed
from bench.broadcast_kills import _figure as kills_figure
from bench.broadcast_memory import Crowd
from bench.broadcast_memory import _figure as memory_figure
from bench.broadcast_rates import RATES, default_rate
from bench.broadcast_rates import _figure as rates_figure
from bench.broadcast_rows import people, planned
from bench.keyed import looked_up_by_key
from bench.plan import QUICK
from bench.report import Goal
from bench.telegram import PRODUCT
from core.users import User
from sandbox.errors import BLOCKED

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GOOD = Sent(asked=30, arrived=30, first_s=0.1, spread_s=1.0, refused=0, twice=0, jitter_s=0.001)


def verdicts(goals: Sequence[Goal]) -> list[bool | None]:
    return [goal.is_met for goal in goals]


def test_rate_is_from_the_first_copy_to_the_last_and_in_all_from_the_start() -> None:
    found = sent(4, 9.0, [10.0, 10.5, 11.0, 11.5], 0, 0)
    assert found.per_second == pytest.approx(2.0)
    assert found.per_second_in_all == pytest.approx(4 / 2.5)
    assert found.jitter_s == pytest.approx(0.0)


def test_jitter_is_how_far_from_even_the_worst_interval_is() -> None:
    moments = [0.0, 1.0, 2.5, 3.0]
    assert [later - earlier for earlier, later in pairwise(moments)] == [1.0, 1.5, 0.5]
    assert sent(4, 0.0, moments, 0, 0).jitter_s == pytest.approx(0.5)


@pytest.mark.parametrize("moments", [[], [1.0]])
def test_too_few_copies_have_no_rate(moments: list[float]) -> None:
    found = sent(5, 0.0, moments, 3, 0)
    assert (found.arrived, found.refused) == (len(moments), 3)
    assert math.isnan(found.per_second) or found.per_second == 0


def test_only_copies_that_arrived_are_counted_and_blocked_ones_were_tried() -> None:
    arrivals = Arrivals()
    arrivals.finish(PRODUCT, COPY, "7", None, None, 1)
    arrivals.finish(PRODUCT, COPY, "7", None, None, 1)
    arrivals.finish(PRODUCT, COPY, "8", f"Forbidden: {BLOCKED}", None, 1)
    arrivals.finish(PRODUCT, "sendMessage", "9", None, None, 1)
    assert arrivals.copies == {(PRODUCT, "7"): 2}
    assert (len(arrivals.moments[PRODUCT]), arrivals.tried[PRODUCT]) == (2, 3)


@pytest.mark.parametrize(
    ("spread_s", "refused", "is_met"), [(29 / 29.1, 0, True), (29 / 29.09, 0, False), (29 / 29.1, 1, False)]
)
def test_the_rate_is_judged_with_its_429s(spread_s: float, refused: int, *, is_met: bool) -> None:
    runs = [dataclasses.replace(GOOD, spread_s=spread_s, refused=refused)]
    figure = rates_figure(QUICK, "server", {f"engine, BULK_RATE_PER_SECOND={default_rate():g}": runs}, {(1, 0.0): GOOD})
    assert verdicts(figure.goals[:1]) == [is_met]


def test_the_default_is_one_of_the_rates_tried() -> None:
    assert default_rate() in RATES


@pytest.mark.parametrize(("busy_s", "is_met"), [(0.15, True), (0.151, False)])
def test_people_may_wait_half_as_long_again(busy_s: float, *, is_met: bool) -> None:
    idle, busy = Waits(), Waits()
    idle.add([0.1] * 10, 0.0, 0)
    busy.add([busy_s] * 10, 27.0, 0)
    assert verdicts(asking_figure(QUICK, "server", idle, busy).goals) == [is_met, True]


@pytest.mark.parametrize(
    ("more", "rows", "is_met"), [(5, 3000, True), (6, 3000, False), (0, 2999, None), (6, 2999, False)]
)
def test_flat_means_five_megabytes_and_is_not_judged_before_every_row_is_made(
    more: int, rows: int, *, is_met: bool | None
) -> None:
    small = Crowd(1000, 200_000_000, 202_000_000, 201_000_000, 1000, 1.0, 500, "succeeded")
    large = Crowd(3000, 200_000_000, 202_000_000 + more * 1_000_000, 201_000_000, rows, 3.0, 500, "succeeded")
    assert verdicts(memory_figure([small, large]).goals) == [is_met]


def test_twice_and_missed_and_an_end_that_is_none_are_said() -> None:
    good = Killed(10, kills=2, status="sent")
    assert verdicts(kills_figure(good).goals) == [True, True]
    assert verdicts(kills_figure(dataclasses.replace(good, twice=1)).goals) == [False, True]
    assert verdicts(kills_figure(dataclasses.replace(good, missed=1)).goals) == [True, False]
    assert verdicts(kills_figure(dataclasses.replace(good, status="sending")).goals) == [True, False]


def test_people_are_as_the_product_keeps_them() -> None:
    made = people(100, 2, NOON)
    assert [User.model_validate(one).user_id for one in made] == [100, 101]
    assert planned("k", 5, NOON).message_ids == (5,)


def test_documents_are_found_by_all_fields_of_a_unique_index() -> None:
    with looked_up_by_key():
        rows: Any = MongoClient()["x"]["rows"]
        rows.create_index([("broadcast", 1), ("user", 1)], unique=True)
        rows.insert_many([{"broadcast": b, "user": u, "state": "pending"} for b in (1, 2) for u in range(5)])
        changed = rows.update_many(
            {"broadcast": 1, "user": {"$in": [1, 2, 2, 9]}, "state": "pending"}, {"$set": {"state": "sending"}}
        )
        assert changed.modified_count == 2
        assert rows.count_documents({"broadcast": 1, "user": 1, "state": "sending"}) == 1
        assert rows.count_documents({"broadcast": 2, "user": 1, "state": "sending"}) == 0
        assert rows.count_documents({"broadcast": 1, "user": {"$gt": 2}}) == 2
        assert rows.count_documents({"user": 3}) == 2
        rows.delete_one({"broadcast": 1, "user": 1})
        assert rows.find_one({"broadcast": 1, "user": 1}) is None
