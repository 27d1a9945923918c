"""The rate of a broadcast's progress: a window of samples, reset by a pause."""

import pytest

from admin_bot.broadcasts.progress_rate import WINDOW_S, ProgressRate


def test_the_rate_is_unknown_until_one_second_is_covered() -> None:
    rate = ProgressRate()
    assert rate.add(100.0, 10) is None
    assert rate.add(100.9, 30) is None
    assert rate.add(103.0, 70) == pytest.approx(20.0)


def test_samples_before_the_window_do_not_count() -> None:
    rate, done = ProgressRate(), 0
    for second in range(0, 61, 3):
        done += 300 if second <= 30 else 3
        per_second = rate.add(float(second), done)
    assert per_second == pytest.approx(1.0)
    for second in range(63, 63 + int(WINDOW_S) + 3, 3):
        per_second = rate.add(float(second), done)
    assert per_second == 0.0


def test_a_falling_count_and_a_reset_start_the_measurement_again() -> None:
    rate = ProgressRate()
    rate.add(0.0, 100)
    assert rate.add(3.0, 40) is None
    assert rate.add(6.0, 70) == pytest.approx(10.0)
    rate.reset()
    assert rate.add(900.0, 70) is None
