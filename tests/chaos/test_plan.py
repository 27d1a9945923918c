"""A seed always gives the same episode, and a hundred seeds cover every disturbance."""

from collections import Counter

import pytest

from tests.chaos.moments import AtCall, AtCommand, AtStep, What
from tests.chaos.plan import DOWN_ANSWERS, ENDINGS, POSTS, SUBSCRIBERS, Plan, Shape, make_plan

SEEDS = range(1, 101)
#: the first of them, which `.ci/run` plays
CI_SEEDS = 10


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
    assert {plan.shape for plan in plans} == set(Shape)


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


def test_partial_sends_end_in_every_way_and_a_restarting_server_answers_in_every_way(plans: list[Plan]) -> None:
    everything = [disturbance for plan in plans for disturbance in (*plan.asking, *plan.taking_back)]
    partial = [one for one in everything if one.what is What.PARTIAL]
    assert {one.ending for one in partial} == set(ENDINGS)
    assert {one.method for one in partial} == {"copyMessages"}
    restarts = [one for one in everything if one.what is What.SERVER_RESTART]
    assert {one.ending for one in restarts} == set(DOWN_ANSWERS)
    assert {one.is_executed for one in restarts} == {True, False}


def test_what_needs_people_who_ask_is_not_planned_for_the_deletion_phase(plans: list[Plan]) -> None:
    taking_back = {disturbance.what for plan in plans for disturbance in plan.taking_back}
    assert taking_back.isdisjoint({What.PARTIAL, What.RUSH})
    assert {What.SERVER_RESTART, What.GROWING_FLOOD, What.RESTART_AFTER} <= taking_back


def test_a_disturbance_says_what_it_does(plans: list[Plan]) -> None:
    said = {str(one).split(" at step")[0] for plan in plans for one in plan.asking if one.what is What.PARTIAL}
    assert all(" sent then " in words for words in said)


def test_the_seeds_of_ci_play_every_shape(plans: list[Plan]) -> None:
    assert {plan.shape for plan in plans if plan.seed <= CI_SEEDS} == set(Shape)
