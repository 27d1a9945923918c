"""One handler at a time works on an admin's conversation, in whatever process."""

import math

from core.records import Record

#: seconds between two renewals of a lock that is held
RENEW_EVERY_S = 5.0
#: seconds without a new beat after which another process takes a lock: its holder has died
TAKEN_OVER_AFTER_S = 20.0
#: seconds between two looks at a lock that another process holds
LOOK_EVERY_S = 0.1


class DialogueLock(Record):
    """The stored lock of one conversation."""

    owner: str
    #: goes up at each taking and renewal
    beat: int


class LockWatch:
    """How long a lock of another process has had no new beat, by the monotonic clock of the one that waits."""

    def __init__(self) -> None:
        self._seen: DialogueLock | None = None
        self._since_s = math.inf

    def may_take(self, lock: DialogueLock, at_s: float) -> bool:
        """Whether the lock that was read, `at_s` from after the answer, may be taken from its owner."""
        if lock != self._seen:
            self._seen, self._since_s = lock, at_s
        return at_s - self._since_s >= TAKEN_OVER_AFTER_S
