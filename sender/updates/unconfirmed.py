"""The updates that Telegram still keeps although this process received them, and which the next getUpdates confirms.

`offset` deletes everything below it (BOTAPI §2.2). It stays at the first update that is not acknowledged, so that
nothing unfinished is deleted; the finished ones behind it come again with each answer.
"""

import itertools
from collections.abc import Sequence

#: updates in one answer at most (BOTAPI §2.2)
ANSWER_MAX = 100
#: received updates that may come again with an answer, so that at least 16 new ones find room in it
KEPT_MAX = ANSWER_MAX - 16
#: seconds without an update after which the next is not counted on from the last: Telegram may number anew after a
#: week, and an offset of the old numbering might delete updates of the new one
FORGOTTEN_AFTER_S = 2 * 86400.0


class UnconfirmedUpdates:
    """Received updates in their order, from the first that Telegram still keeps."""

    def __init__(self) -> None:
        #: when each was received
        self._received_at: dict[int, float] = {}
        #: those whose handling Telegram must not take for done yet
        self.unfinished: set[int] = set()
        self._next: int | None = None
        self._last_at = 0.0

    def receive(self, update_ids: Sequence[int], now: float) -> None:
        """Add updates in the order in which Telegram returned them. Ids below all known ones begin a new numbering.

        Telegram numbers anew after a week without updates, at random; what was kept is gone then.
        """
        if not update_ids:
            return
        if self._next is not None and update_ids[0] < min(self._received_at, default=self._next):
            self._received_at.clear()
            self.unfinished.clear()
        self._received_at.update(dict.fromkeys(update_ids, now))
        self.unfinished.update(update_ids)
        self._next, self._last_at = update_ids[-1] + 1, now

    def forget_old_numbering(self, now: float) -> None:
        """Ask for no offset when everything is confirmed and nothing has come for long: the next answer says it."""
        if not self._received_at and now - self._last_at >= FORGOTTEN_AFTER_S:
            self._next = None

    def finish(self, update_id: int) -> None:
        """Let Telegram delete this update, once those before it may be deleted; an unknown one is ignored."""
        self.unfinished.discard(update_id)

    def reopen(self, update_id: int) -> None:
        """Have Telegram keep this update after all; does nothing when an offset beyond it was asked for."""
        if update_id in self._received_at:
            self.unfinished.add(update_id)

    def offset(self) -> int | None:
        """Return the offset that confirms all finished updates up to the first unfinished one; None before any."""
        return next((update_id for update_id in self._received_at if update_id in self.unfinished), self._next)

    def asked_for(self, offset: int | None) -> None:
        """Forget what Telegram deletes when it receives `offset`, which `offset()` returned."""
        for update_id in tuple(self._received_at):
            if update_id == offset:
                return
            del self._received_at[update_id]

    def oldest(self) -> tuple[int, float] | None:
        """Return the first unfinished update and when it was received."""
        first = self.offset()
        return None if first is None or first not in self.unfinished else (first, self._received_at[first])

    def coming_again(self) -> int:
        """Return how many received updates the answer to `offset()` repeats."""
        first = self.offset()
        return sum(1 for _ in itertools.dropwhile(lambda update_id: update_id != first, self._received_at))
