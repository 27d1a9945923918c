"""The circuit breaker: closed, open, half-open."""

from shorteners.circuit import FAILURES_MAX, OPEN_FOR_S, Circuit, Permit


def call(circuit: Circuit, now: float, *, good: bool) -> Permit | None:
    """Make one call; return its permit, None when it got none."""
    permit = circuit.acquire(now)
    if permit is not None:
        if good:
            circuit.succeeded(permit)
        else:
            circuit.failed(permit, now)
        circuit.release(permit)
    return permit


def opened(at: float) -> Circuit:
    circuit = Circuit()
    for _ in range(FAILURES_MAX):
        assert call(circuit, at, good=False) is Permit.CALL
    return circuit


def test_the_limits_are_three_failures_and_a_minute() -> None:
    assert (FAILURES_MAX, OPEN_FOR_S) == (3, 60.0)


def test_the_third_failure_in_a_row_opens_it_and_returns_true_once() -> None:
    circuit = Circuit()
    assert [circuit.failed(Permit.CALL, 0.0) for _ in range(5)] == [False, False, True, False, False]
    assert circuit.acquire(0.0) is None


def test_a_success_resets_the_count_of_failures() -> None:
    circuit = Circuit()
    for good in (False, False, True, False, False):
        assert call(circuit, 0.0, good=good) is Permit.CALL
    assert circuit.acquire(0.0) is Permit.CALL


def test_it_is_open_for_a_minute_exactly() -> None:
    circuit = opened(at=100.0)
    assert circuit.acquire(159.999) is None
    assert circuit.acquire(160.0) is Permit.TRIAL


def test_half_open_allows_one_call_until_it_is_released() -> None:
    circuit = opened(at=0.0)
    assert circuit.acquire(60.0) is Permit.TRIAL
    assert circuit.acquire(60.0) is None
    assert circuit.acquire(600.0) is None


def test_a_successful_trial_closes_it_and_returns_true() -> None:
    circuit = opened(at=0.0)
    permit = circuit.acquire(60.0)
    assert permit is Permit.TRIAL
    assert circuit.succeeded(permit)
    circuit.release(permit)
    assert not circuit.succeeded(Permit.CALL)
    assert [call(circuit, 60.0, good=False) for _ in range(2)] == [Permit.CALL, Permit.CALL]
    assert circuit.acquire(60.0) is Permit.CALL


def test_a_failed_trial_reopens_it_for_a_minute_from_its_end() -> None:
    circuit = opened(at=0.0)
    permit = circuit.acquire(60.0)
    assert permit is Permit.TRIAL
    assert not circuit.failed(permit, 65.0)
    circuit.release(permit)
    assert circuit.acquire(124.999) is None
    assert circuit.acquire(125.0) is Permit.TRIAL


def test_after_a_cancelled_trial_the_next_call_is_the_trial() -> None:
    circuit = opened(at=0.0)
    permit = circuit.acquire(60.0)
    assert permit is Permit.TRIAL
    circuit.release(permit)
    assert circuit.acquire(60.0) is Permit.TRIAL


def test_calls_started_before_it_opened_neither_close_nor_extend_it() -> None:
    circuit = Circuit()
    late = [circuit.acquire(0.0), circuit.acquire(0.0)]
    assert late == [Permit.CALL, Permit.CALL]
    for _ in range(FAILURES_MAX):
        call(circuit, 0.0, good=False)
    assert not circuit.succeeded(Permit.CALL)
    assert circuit.acquire(30.0) is None
    assert not circuit.failed(Permit.CALL, 30.0)
    assert circuit.acquire(60.0) is Permit.TRIAL
    circuit.release(Permit.CALL)
    assert circuit.acquire(60.0) is None, "a call that leaves frees no trial"
