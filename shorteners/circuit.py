"""The health of one provider: a circuit breaker for one event loop."""

from enum import Enum

#: failures in a row that open a circuit
FAILURES_MAX = 3
#: seconds a circuit stays open before one call may try again
OPEN_FOR_S = 60.0


class Turn(Enum):
    #: through a closed circuit
    CALL = "call"
    #: the one that decides whether an open circuit closes
    TRIAL = "trial"


class Circuit:
    """Closed, open after FAILURES_MAX in a row, half-open OPEN_FOR_S later: then one call at a time is let through.

    Who got a turn says how it ended by `succeeded` or `failed`, and gives it back by `leave` in any case. What began
    before the circuit opened changes nothing when it ends after. Times are seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._opened_at: float | None = None
        self._has_trial = False

    def enter(self, now: float) -> Turn | None:
        """A turn; None when the provider is left alone."""
        if self._opened_at is None:
            return Turn.CALL
        if self._has_trial or now < self._opened_at + OPEN_FOR_S:
            return None
        self._has_trial = True
        return Turn.TRIAL

    def succeeded(self, turn: Turn) -> bool:
        """True when that closed the circuit."""
        if turn is Turn.TRIAL:
            self._opened_at = None
        if self._opened_at is None:
            self._failures = 0
        return turn is Turn.TRIAL

    def failed(self, turn: Turn, now: float) -> bool:
        """True when that opened the circuit; a failed trial keeps it open, from `now` on."""
        if turn is Turn.TRIAL:
            self._opened_at = now
        if self._opened_at is not None:
            return False
        self._failures += 1
        if self._failures < FAILURES_MAX:
            return False
        self._opened_at = now
        return True

    def leave(self, turn: Turn) -> None:
        """Give the turn back; for a trial that was cancelled the next one may try."""
        if turn is Turn.TRIAL:
            self._has_trial = False
