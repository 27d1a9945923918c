"""The circuit breaker: closed, open, half-open, and who may try."""

from shorteners.circuit import FAILURES_MAX, OPEN_FOR_S, Circuit, Turn


def call(circuit: Circuit, now: float, *, good: bool) -> Turn | None:
    """One call from its turn to its end; None when it got no turn."""
    turn = circuit.enter(now)
    if turn is not None:
        if good:
            circuit.succeeded(turn)
        else:
            circuit.failed(turn, now)
        circuit.leave(turn)
    return turn


def opened(at: float) -> Circuit:
    circuit = Circuit()
    for _ in range(FAILURES_MAX):
        assert call(circuit, at, good=False) is Turn.CALL
    return circuit


def test_the_limits_are_three_failures_and_a_minute() -> None:
    assert (FAILURES_MAX, OPEN_FOR_S) == (3, 60.0)


def test_the_third_failure_in_a_row_opens_it_and_says_so_once() -> None:
    circuit = Circuit()
    assert [circuit.failed(Turn.CALL, 0.0) for _ in range(5)] == [False, False, True, False, False]
    assert circuit.enter(0.0) is None


def test_a_success_between_begins_the_row_anew() -> None:
    circuit = Circuit()
    for good in (False, False, True, False, False):
        assert call(circuit, 0.0, good=good) is Turn.CALL
    assert circuit.enter(0.0) is Turn.CALL


def test_it_is_open_for_a_minute_exactly() -> None:
    circuit = opened(at=100.0)
    assert circuit.enter(159.999) is None
    assert circuit.enter(160.0) is Turn.TRIAL


def test_half_open_lets_one_through_until_it_has_left() -> None:
    circuit = opened(at=0.0)
    assert circuit.enter(60.0) is Turn.TRIAL
    assert circuit.enter(60.0) is None
    assert circuit.enter(600.0) is None


def test_a_good_trial_closes_it_and_says_so() -> None:
    circuit = opened(at=0.0)
    turn = circuit.enter(60.0)
    assert turn is Turn.TRIAL
    assert circuit.succeeded(turn)
    circuit.leave(turn)
    assert not circuit.succeeded(Turn.CALL)
    assert [call(circuit, 60.0, good=False) for _ in range(2)] == [Turn.CALL, Turn.CALL]
    assert circuit.enter(60.0) is Turn.CALL


def test_a_failed_trial_keeps_it_open_for_another_minute_from_its_end() -> None:
    circuit = opened(at=0.0)
    turn = circuit.enter(60.0)
    assert turn is Turn.TRIAL
    assert not circuit.failed(turn, 65.0)
    circuit.leave(turn)
    assert circuit.enter(124.999) is None
    assert circuit.enter(125.0) is Turn.TRIAL


def test_a_trial_that_was_cancelled_leaves_its_place_to_the_next() -> None:
    circuit = opened(at=0.0)
    turn = circuit.enter(60.0)
    assert turn is Turn.TRIAL
    circuit.leave(turn)
    assert circuit.enter(60.0) is Turn.TRIAL


def test_what_began_before_it_opened_neither_closes_nor_prolongs_it() -> None:
    circuit = Circuit()
    late = [circuit.enter(0.0), circuit.enter(0.0)]
    assert late == [Turn.CALL, Turn.CALL]
    for _ in range(FAILURES_MAX):
        call(circuit, 0.0, good=False)
    assert not circuit.succeeded(Turn.CALL)
    assert circuit.enter(30.0) is None
    assert not circuit.failed(Turn.CALL, 30.0)
    assert circuit.enter(60.0) is Turn.TRIAL
    circuit.leave(Turn.CALL)
    assert circuit.enter(60.0) is None, "a call that leaves frees no trial"
