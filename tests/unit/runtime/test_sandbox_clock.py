"""The seconds the gates count jump ahead with the sandbox's clock and never back."""

from datetime import timedelta

from core.clock import SystemClock
from runtime.sandbox_clock import seconds_following


class Machine:
    """Seconds since the machine started."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_seconds_pass_as_the_machines_until_the_clock_is_moved() -> None:
    machine, clock = Machine(), SystemClock()
    seconds = seconds_following(clock, machine)
    assert seconds() == 100.0
    machine.now += 1.5
    assert seconds() == 101.5
    clock.shift_to(timedelta(minutes=30))
    assert seconds() == 101.5 + 1800


def test_a_clock_moved_back_takes_no_second_back() -> None:
    machine, clock = Machine(), SystemClock()
    seconds = seconds_following(clock, machine)
    clock.shift_to(timedelta(seconds=60))
    clock.shift_to(timedelta(seconds=-3600))
    assert seconds() == 160.0
    clock.shift_to(timedelta(seconds=60))
    assert seconds() == 160.0
    clock.shift_to(timedelta(seconds=61))
    assert seconds() == 161.0


def test_what_the_clock_was_moved_before_counts_for_nothing() -> None:
    machine, clock = Machine(), SystemClock()
    clock.shift_to(timedelta(hours=1))
    seconds = seconds_following(clock, machine)
    assert seconds() == 100.0
    clock.shift_to(timedelta(hours=1, seconds=5))
    assert seconds() == 105.0
