"""Which process polls for a bot: when the holder has to stop, and when a standby process may begin.

No two machines' clocks are compared. A holder counts from before it wrote its last beat, a standby process from
after it first read that beat; both by their own monotonic clock. The second waits longer than the first holds on, so
that a holder has stopped before another begins, also when it was suspended or cannot reach the database.
"""

import math
from datetime import datetime

from core.records import Record

#: seconds from before a renewal to when its holder stops polling
HELD_FOR_S = 15.0
#: seconds without a new beat after which another process begins. The rest is for clocks that do not run equally fast
TAKEN_OVER_AFTER_S = 20.0
#: seconds between two renewals, and between two signs of a standby process
RENEW_EVERY_S = 5.0
#: seconds without a sign that a process polls after which people are told; a takeover takes up to 22
UNPOLLED_AFTER_S = 40.0
#: seconds after which a holder that begins no poll is stuck. Handlers that hang keep their places for 180
#: (sender/updates/places.py), and no poll begins without a place
STUCK_AFTER_S = 240.0
#: seconds between two examinations of the signs after which the process, or its machine, was suspended
SUSPENDED_AFTER_S = 30.0
#: what a process says that neither polls nor knows of one that does
UNPOLLED = "no process polls, as far as this one knows"
#: seconds between two reads of the lease by a standby process, and between two attempts to renew in an outage
LOOK_EVERY_S = 1.0


class PollingLease(Record):
    """The stored lease of one bot. The time is aware UTC, for people only."""

    #: None: released, or never held
    owner: str | None = None
    #: identifies the owner on its machine; "" where that is not possible
    process: str = ""
    #: goes up at each taking, renewal and release
    beat: int = 0
    #: goes up for as long as there is a standby process
    standby_beat: int = 0
    renewed_at: datetime | None = None


class Holding:
    """Until when this process may poll, in monotonic seconds. It holds nothing at first."""

    def __init__(self) -> None:
        self._renewed_s = -math.inf
        self._unanswered_s = -math.inf
        self._standby_beat: int | None = None
        self._standby_s = -math.inf
        #: the lease was this process's when the database last answered
        self.is_ours = False
        #: there was no standby process when the lease was last renewed
        self.is_alone = False

    def renewed(self, lease: PollingLease, asked_s: float) -> None:
        """Note a successful write, `asked_s` from before it was sent."""
        if not self.is_ours or lease.standby_beat != self._standby_beat:
            self._standby_beat, self._standby_s = lease.standby_beat, asked_s
        self.is_ours = True
        self.is_alone = asked_s - self._standby_s >= HELD_FOR_S
        self._renewed_s = asked_s

    def unanswered(self, asked_s: float) -> None:
        """Note that the database did not answer what was asked at `asked_s`."""
        self._unanswered_s = asked_s

    def lost(self) -> None:
        """Note that another process has the lease, or that it was released."""
        self.is_ours = self.is_alone = False
        self._renewed_s = self._unanswered_s = -math.inf

    def polls_until(self) -> float:
        """Return the monotonic time at which polling has to stop; it has stopped when that is past.

        While the database is away no process can take the lease. A holder without a standby process goes on polling
        then, as long as none of its questions is answered: one that was suspended asks before it polls again.
        """
        if not self.is_ours:
            return -math.inf
        latest = max(self._renewed_s, self._unanswered_s) if self.is_alone else self._renewed_s
        return latest + HELD_FOR_S


class Waiting:
    """How long a standby process has seen no new beat."""

    def __init__(self) -> None:
        self._seen: tuple[str | None, int] | None = None
        self._since_s = math.inf

    def saw(self, lease: PollingLease, at_s: float) -> bool:
        """Note a lease that was read, `at_s` from after the answer. True: its beat is new."""
        beat = (lease.owner, lease.beat)
        if beat == self._seen:
            return False
        self._seen, self._since_s = beat, at_s
        return True

    def may_take(self, lease: PollingLease, at_s: float, *, has_ended: bool) -> bool:
        """Whether the lease that was read last may be taken. `has_ended`: its owner certainly runs no more."""
        return lease.owner is None or has_ended or at_s - self._since_s >= TAKEN_OVER_AFTER_S


class Signs:
    """When this process last had a sign that a process polls, in monotonic seconds.

    Signs are polls of its own and new beats of another. What it cannot see may be: it may have lost the database alone.
    """

    def __init__(self, at_s: float) -> None:
        """Count from the start of the process on."""
        self._last_s = self._examined_s = at_s

    def saw(self, at_s: float) -> None:
        """Note a sign."""
        self._last_s = at_s

    def missing_for_s(self, at_s: float, *, is_held: bool) -> float | None:
        """Return the seconds without a sign when they are too many; `is_held`: it is this process's turn.

        Call it every few seconds. One that was suspended counts anew.
        """
        if at_s - self._examined_s >= SUSPENDED_AFTER_S:
            self._last_s = at_s
        self._examined_s = at_s
        silent_s = at_s - self._last_s
        return silent_s if silent_s >= (STUCK_AFTER_S if is_held else UNPOLLED_AFTER_S) else None
