"""A circuit breaker for one provider, used from one event loop."""

from enum import Enum

#: failures in a row that open a circuit
FAILURES_MAX = 3
#: seconds a circuit stays open before a trial call is allowed
OPEN_FOR_S = 60.0


class Permit(Enum):
    #: the circuit is closed
    CALL = "call"
    #: the only call of a half-open circuit; its result closes or reopens it
    TRIAL = "trial"


class Circuit:
    """Opens after FAILURES_MAX failures in a row. OPEN_FOR_S later it is half-open: one call at a time is allowed.

    A caller with a permit reports the result by `succeeded` or `failed`, and calls `release` in any case. A call that
    started before the circuit opened and ends after changes nothing. Times are seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._opened_at: float | None = None
        self._has_trial = False

    def acquire(self, now: float) -> Permit | None:
        """Return a permit for one call; None while the circuit is open or its trial call is running."""
        if self._opened_at is None:
            return Permit.CALL
        if self._has_trial or now < self._opened_at + OPEN_FOR_S:
            return None
        self._has_trial = True
        return Permit.TRIAL

    def succeeded(self, permit: Permit) -> bool:
        """Record a success. True when it closed the circuit."""
        if permit is Permit.TRIAL:
            self._opened_at = None
        if self._opened_at is None:
            self._failures = 0
        return permit is Permit.TRIAL

    def failed(self, permit: Permit, now: float) -> bool:
        """Record a failure. True when it opened the circuit; a failed trial reopens it for OPEN_FOR_S from `now`."""
        if permit is Permit.TRIAL:
            self._opened_at = now
        if self._opened_at is not None:
            return False
        self._failures += 1
        if self._failures < FAILURES_MAX:
            return False
        self._opened_at = now
        return True

    def release(self, permit: Permit) -> None:
        """Return the permit; after a cancelled trial the next call may be the trial."""
        if permit is Permit.TRIAL:
            self._has_trial = False
