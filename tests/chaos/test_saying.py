"""The summary of a run gives the reasons of failures in few lines."""

from tests.chaos.__main__ import AGAIN_ALL, AGAIN_EACH, AGAIN_WIDTH, said_again


def test_summary_has_one_problem_of_each_failed_check_before_a_second_one() -> None:
    found = ["answered: a", "answered: b", "answered: c", "answered: d", "ticks: e", "orderly: f"]
    assert said_again({7: found}) == ["  7: answered: a", "  7: ticks: e", "  7: orderly: f (and 3 more)"]


def test_few_problems_are_printed_unchanged() -> None:
    assert said_again({9: ["waited: x"], 2: ["no verdict after 300 s"]}) == [
        "  2: no verdict after 300 s",
        "  9: waited: x",
    ]
    assert said_again({}) == []


def test_summary_length_is_limited() -> None:
    lines = said_again({seed: ["orderly: " + "x" * 1000] * 9 for seed in range(100)})
    assert len(lines) == AGAIN_ALL
    assert lines[-1] == f"  and {100 * AGAIN_EACH - AGAIN_ALL + 1} lines more, above"
    assert max(map(len, lines)) < AGAIN_WIDTH + 30
