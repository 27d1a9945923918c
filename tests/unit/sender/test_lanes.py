"""The lane of a task, and of the tasks it starts."""

import asyncio

import pytest

from sender.lanes import SHARES, Lane, current_lane, in_lane, is_urgent


def test_a_call_is_interactive_by_default() -> None:
    assert current_lane() is Lane.INTERACTIVE


def test_the_lane_ends_with_its_block_also_by_an_error() -> None:
    with pytest.raises(KeyError), in_lane(Lane.BULK):
        with in_lane(Lane.DELETION):
            assert current_lane() is Lane.DELETION
        assert current_lane() is Lane.BULK
        raise KeyError
    assert current_lane() is Lane.INTERACTIVE


def test_only_the_block_that_says_so_is_urgent() -> None:
    assert not is_urgent()
    with in_lane(Lane.DELETION, urgent=True):
        assert is_urgent()
        with in_lane(Lane.DELETION):
            assert not is_urgent()
        assert is_urgent()
    assert not is_urgent()


async def test_tasks_started_inside_inherit_the_lane_and_others_do_not_see_it() -> None:
    async def ask() -> Lane:
        return current_lane()

    with in_lane(Lane.BULK):
        inside = asyncio.ensure_future(ask())
    outside = asyncio.ensure_future(ask())
    assert await inside is Lane.BULK
    assert await outside is Lane.INTERACTIVE


def test_of_lanes_whose_turn_comes_together_people_go_first_and_bulk_last() -> None:
    assert sorted(Lane) == [Lane.INTERACTIVE, Lane.DELETION, Lane.BULK]


async def test_urgent_ends_with_its_block_and_is_inherited_by_tasks_started_inside() -> None:
    async def ask() -> bool:
        return is_urgent()

    assert not is_urgent()
    with in_lane(Lane.DELETION, urgent=True):
        inside = asyncio.ensure_future(ask())
        with in_lane(Lane.BULK):
            assert not is_urgent()
        assert is_urgent()
    assert await inside
    assert not is_urgent()


def test_the_shares_of_all_lanes_are_the_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1.0)
    assert set(SHARES) == set(Lane)
