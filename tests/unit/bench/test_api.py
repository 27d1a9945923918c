"""The figure of the API: what is met and what is missed."""

from typing import Any

import pytest

from bench.api import Side, _figure
from bench.subject import Subject


def side(name: str, statuses: dict[str, int]) -> Side:
    one = Side(name, Subject(None))  # type: ignore[arg-type]
    one.statuses.update(statuses)
    one.waits_s, one.seconds = [0.01] * sum(statuses.values()), 1.0
    return one


def verdicts(statuses: dict[str, int], fuzzed: dict[str, Any]) -> list[bool | None]:
    sides = [side("in memory", statuses), side("static page", {"200": 100})]
    return [goal.is_met for goal in _figure(sides, fuzzed).goals]


GOOD = {"statuses": [["GET x", 200, 5]], "complaints": [], "server_errors": 0}


def test_all_is_met() -> None:
    assert verdicts({"200": 10}, GOOD) == [True, True, True]


@pytest.mark.parametrize(
    ("statuses", "fuzzed", "found"),
    [
        ({"200": 9, "429": 1}, GOOD, [False, True, True]),
        ({"200": 10}, GOOD | {"server_errors": 1}, [True, False, True]),
        ({"200": 10}, GOOD | {"complaints": ["GET x: no"]}, [True, True, False]),
    ],
)
def test_what_is_missed_is_said(statuses: dict[str, int], fuzzed: dict[str, Any], found: list[bool]) -> None:
    assert verdicts(statuses, fuzzed) == found


def test_it_is_told_beside_the_static_page() -> None:
    figure = _figure([side("in memory", {"200": 10}), side("static page", {"200": 100})], GOOD)
    assert [row[1:3] for row in figure.rows] == [("10", "0.10"), ("100", "1.00")]
    assert "5 requests" in figure.text()
