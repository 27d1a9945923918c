"""A seed always gives the same episode, and a hundred seeds cover every disturbance."""

from collections import Counter

import pytest

from tests.chaos.moments import AtCall, AtCommand, AtStep, What
from tests.chaos.plan import POSTS, SUBSCRIBERS, Plan, make_plan

SEEDS = range(1, 101)


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return [make_plan(seed) for seed in SEEDS]


@pytest.mark.parametrize("seed", [1, 2, 77, 1000])
def test_same_seed_gives_the_same_episode(seed: int) -> None:
    assert make_plan(seed) == make_plan(seed)
    assert str(make_plan(seed)) == str(make_plan(seed))
    assert make_plan(seed) != make_plan(seed + 1)


def test_every_subscriber_requests_a_post(plans: list[Plan]) -> None:
    for plan in plans:
        assert {act.person for act in plan.acts} == set(range(SUBSCRIBERS))
        assert {act.post for act in plan.acts} == set(range(len(POSTS)))


def test_hundred_episodes_have_every_disturbance_while_asking_and_most_while_deleting(plans: list[Plan]) -> None:
    asking = Counter(disturbance.what for plan in plans for disturbance in plan.asking)
    taking_back = Counter(disturbance.what for plan in plans for disturbance in plan.taking_back)
    assert set(asking) == set(What)
    assert len(set(taking_back)) > len(What) / 2
    assert {plan.is_split for plan in plans} == {True, False}


def test_hundred_episodes_kill_at_steps_and_before_and_after_commands_and_calls(plans: list[Plan]) -> None:
    kills = [
        disturbance.when
        for plan in plans
        for disturbance in (*plan.asking, *plan.taking_back)
        if disturbance.what is What.KILL
    ]
    assert {type(when) for when in kills} == {AtStep, AtCommand, AtCall}
    middle = [when for when in kills if not isinstance(when, AtStep)]
    assert {when.is_answered for when in middle} == {True, False}


def test_steps_are_within_their_phase(plans: list[Plan]) -> None:
    for plan in plans:
        steps = [disturbance.when.step for disturbance in plan.asking if isinstance(disturbance.when, AtStep)]
        assert all(0 <= step < len(plan.acts) for step in steps)


def test_store_is_away_for_one_to_ten_seconds_and_clock_jumps_an_hour_or_two_days(plans: list[Plan]) -> None:
    everything = [disturbance for plan in plans for disturbance in (*plan.asking, *plan.taking_back)]
    away = {one.seconds for one in everything if one.what in (What.STORE_AWAY, What.STORE_SILENT)}
    assert (min(away), max(away)) == (1.0, 10.0)
    assert {one.seconds for one in everything if one.what is What.CLOCK} == {3600.0, 2 * 86400.0}
