"""How the calls of a bot are divided: by lanes over all processes, nobody has none, and never more than there is."""

import itertools
import random

import pytest

from core.rates.parts import IDLE_ALONE, PARTS, burst, divide

#: of people, deletions and bulk
LANES = (0.60, 0.25, 0.15)
NOTHING = (0, 0, 0)


def test_bulk_in_one_process_takes_a_fifth_while_people_wait_in_another() -> None:
    parts = divide({"bulk": (0, 0, 500), "people": (500, 0, 0), "idle": NOTHING}, LANES)
    assert parts == {"bulk": 6, "people": 23, "idle": 1}


def test_people_are_served_alike_wherever_they_wait() -> None:
    assert divide({"a": (60, 0, 0), "b": (30, 0, 0)}, LANES) == {"a": 20, "b": 10}


def test_what_a_lane_does_not_want_the_others_take() -> None:
    assert divide({"bulk": (0, 0, 500), "people": (5, 0, 0)}, LANES) == {"bulk": 25, "people": 5}
    assert divide({"deletions": (0, 500, 0), "people": (500, 0, 0)}, LANES) == {"deletions": 9, "people": 21}


def test_who_alone_has_work_has_all_that_the_idle_need_not_keep() -> None:
    assert divide({"a": (1, 0, 0), "b": NOTHING, "c": NOTHING}, LANES) == {"a": 28, "b": 1, "c": 1}


def test_one_that_is_alone_and_idle_leaves_room_for_another() -> None:
    assert divide({"a": NOTHING}, LANES) == {"a": IDLE_ALONE}
    assert divide({"a": (1, 0, 0)}, LANES) == {"a": PARTS}
    assert divide({"a": NOTHING, "b": NOTHING}, LANES) == {"a": 2, "b": 2}


@pytest.mark.parametrize("seed", range(20))
def test_no_more_is_given_than_there_is_and_who_has_work_has_some(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(50):
        total = chance.choice((PARTS, 27, 12))
        count = chance.randint(1, total // 2)
        wants = {f"p{n}": tuple(chance.choice((0, 0, 1, 9, 300)) for _ in LANES) for n in range(count)}
        parts = divide(wants, LANES, total)
        assert sum(parts.values()) <= total, wants
        assert all(parts[name] >= 1 for name in wants), wants
        if any(sum(want) for want in wants.values()):
            assert sum(parts.values()) == total, wants


def test_more_processes_than_parts_are_given_no_more_than_there_is() -> None:
    assert sum(divide({f"p{n}": (1, 0, 0) for n in range(45)}, LANES).values()) == PARTS
    assert sum(divide({f"p{n}": NOTHING for n in range(45)}, LANES).values()) <= PARTS


def test_the_bursts_of_all_processes_together_are_not_larger_than_that_of_one() -> None:
    whole = 9.34
    assert burst(PARTS, 1, whole) == pytest.approx(whole)
    for first, second in itertools.combinations(range(1, PARTS), 2):
        third = PARTS - first - second
        if third >= 1:
            assert sum(burst(parts, 3, whole) for parts in (first, second, third)) <= whole + 1e-9
    assert burst(1, 60, whole) == burst(10, 60, whole) == 1.0
