"""A lease counts as dead when it was seen unchanged for long enough, by nobody's clock but the watcher's seconds."""

import pytest

from core.processes.lease_watch import DEAD_AFTER_S, LOOK_AGAIN_WITHIN_S, LeaseWatch
from core.processes.polling_lease import TAKEN_OVER_AFTER_S
from user_bot.delivery.ownership import HELD_FOR_S, RENEW_AFTER_S
from user_bot.delivery.recovery import ROUND_EVERY_S


def watched(watch: LeaseWatch, lease: object, seconds: float, start: float = 0.0) -> float:
    """Look at `lease` every ROUND_EVERY_S for `seconds`; return when that is over."""
    at = start
    while at <= start + seconds:
        watch.look({"one": lease}, at)
        at += ROUND_EVERY_S
    return start + seconds


def test_a_lease_that_was_seen_unchanged_for_long_is_dead_and_a_moment_earlier_it_is_not() -> None:
    watch = LeaseWatch()
    at = watched(watch, "as it is", DEAD_AFTER_S)
    assert watch.is_dead("one", "as it is", at)
    assert not watch.is_dead("one", "as it is", at - 0.1)


def test_a_lease_that_was_renewed_since_the_last_look_is_not_dead() -> None:
    watch = LeaseWatch()
    at = watched(watch, "as it was", DEAD_AFTER_S)
    assert not watch.is_dead("one", "renewed", at)
    watch.look({"one": "renewed"}, at)
    assert not watch.is_dead("one", "renewed", at + LOOK_AGAIN_WITHIN_S)


def test_a_lease_that_is_released_and_taken_again_begins_anew() -> None:
    watch = LeaseWatch()
    at = watched(watch, "as it is", DEAD_AFTER_S)
    watch.look({}, at)
    watch.look({"one": "as it is"}, at + 1)
    assert not watch.is_dead("one", "as it is", at + 1)


@pytest.mark.parametrize(("pause_s", "is_dead"), [(LOOK_AGAIN_WITHIN_S, True), (LOOK_AGAIN_WITHIN_S + 0.1, False)])
def test_a_pause_between_two_looks_in_which_nobody_could_renew_does_not_count(pause_s: float, is_dead: bool) -> None:
    """This process was suspended, with or without the owner; or the database was away."""
    watch = LeaseWatch()
    at = watched(watch, "as it is", DEAD_AFTER_S) + pause_s
    assert watch.is_dead("one", "as it is", at) is is_dead
    watch.look({"one": "as it is"}, at)
    assert watch.is_dead("one", "as it is", at) is is_dead


def test_a_lease_that_was_never_looked_at_is_not_dead() -> None:
    watch = LeaseWatch()
    assert not watch.is_dead("one", "as it is", 1e9)
    at = watched(watch, "as it is", DEAD_AFTER_S)
    assert not watch.is_dead("another", "as it is", at)


def test_an_owner_has_stopped_counting_on_a_delivery_before_another_may_take_it() -> None:
    """Also when it has slept; and one renewal that fails costs nothing."""
    assert HELD_FOR_S + ROUND_EVERY_S < DEAD_AFTER_S
    assert 2 * (RENEW_AFTER_S + RENEW_AFTER_S / 2) <= DEAD_AFTER_S
    assert 2 * ROUND_EVERY_S < LOOK_AGAIN_WITHIN_S < TAKEN_OVER_AFTER_S
