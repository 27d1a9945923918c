"""The monotonic seconds of the limiters jump ahead with the sandbox's clock and never back."""

from datetime import timedelta

from core.clock import SystemClock
from runtime.sandbox_clock import LimiterClock


class Machine(SystemClock):
    """A clock whose machine started 100 seconds ago."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


def test_seconds_pass_as_the_machines_until_the_clock_is_moved() -> None:
    clock = Machine()
    seconds = LimiterClock(clock).monotonic
    assert seconds() == 100.0
    clock.seconds += 1.5
    assert seconds() == 101.5
    clock.shift_to(timedelta(minutes=30))
    assert seconds() == 101.5 + 1800


def test_monotonic_never_goes_back_when_the_clock_is_put_back() -> None:
    clock = Machine()
    seconds = LimiterClock(clock).monotonic
    clock.shift_to(timedelta(seconds=60))
    clock.shift_to(timedelta(seconds=-3600))
    assert seconds() == 160.0
    clock.shift_to(timedelta(seconds=60))
    assert seconds() == 160.0
    clock.shift_to(timedelta(seconds=61))
    assert seconds() == 161.0


def test_an_offset_from_before_the_start_does_not_count() -> None:
    clock = Machine()
    clock.shift_to(timedelta(hours=1))
    seconds = LimiterClock(clock).monotonic
    assert seconds() == 100.0
    clock.shift_to(timedelta(hours=1, seconds=5))
    assert seconds() == 105.0
