"""A clock that was set is told from one that runs a little fast, by the seconds that passed beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from core.health.clocks import JUMP_MIN, SETTLES_WITHIN_S, JumpWatch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("by", "has_jumped"),
    [(JUMP_MIN, True), (-JUMP_MIN, True), (JUMP_MIN - MS, False), (MS - JUMP_MIN, False), (timedelta(days=9), True)],
)
def test_a_jump_is_what_the_clock_moves_more_than_the_seconds(by: timedelta, has_jumped: bool) -> None:
    watch = JumpWatch()
    assert not watch.look(NOW, 100.0)
    assert watch.look(NOW + timedelta(seconds=60) + by, 160.0) is has_jumped
    assert watch.is_settling(160.0) is has_jumped
    assert not watch.look(NOW + timedelta(seconds=120) + by, 220.0)


def test_a_clock_that_runs_a_little_fast_never_jumps() -> None:
    watch = JumpWatch()
    for minute in range(10_000):
        assert not watch.look(NOW + minute * timedelta(seconds=60.03), minute * 60.0)


def test_a_clock_has_settled_when_every_owner_on_the_machine_has_renewed() -> None:
    watch = JumpWatch()
    assert not watch.is_settling(0.0)
    watch.look(NOW, 0.0)
    watch.look(NOW + timedelta(hours=1), 5.0)
    assert watch.is_settling(5.0 + SETTLES_WITHIN_S - 0.1)
    assert not watch.is_settling(5.0 + SETTLES_WITHIN_S)
