"""The end of a run says why episodes failed, in few lines."""

from tests.chaos.__main__ import AGAIN_ALL, AGAIN_EACH, AGAIN_WIDTH, said_again


def test_every_check_that_found_something_has_its_line_before_a_second_one() -> None:
    found = ["answered: a", "answered: b", "answered: c", "answered: d", "ticks: e", "orderly: f"]
    assert said_again({7: found}) == ["  7: answered: a", "  7: ticks: e", "  7: orderly: f (and 3 more)"]


def test_few_problems_are_said_as_they_are() -> None:
    assert said_again({9: ["waited: x"], 2: ["no verdict after 300 s"]}) == [
        "  2: no verdict after 300 s",
        "  9: waited: x",
    ]
    assert said_again({}) == []


def test_the_end_stays_short() -> None:
    lines = said_again({seed: ["orderly: " + "x" * 1000] * 9 for seed in range(100)})
    assert len(lines) == AGAIN_ALL
    assert lines[-1] == f"  and {100 * AGAIN_EACH - AGAIN_ALL + 1} lines more, above"
    assert max(map(len, lines)) < AGAIN_WIDTH + 30
