"""Which deliveries of other processes may be taken over: their lease ran out, and their owner does not renew it."""

from collections.abc import Callable

from core.clock import Clock
from core.delivery_states import LEASE_FOR, Delivery, is_lapsed
from core.processes.lease_watch import LeaseWatch
from database.operations import delivery_ops
from database.owners import has_ended
from user_bot.delivery.ownership import Ownership

#: deliveries in progress that are watched at the same time, those first whose lease runs out first
WATCHED = 500


class Lapses:
    """One per bot and process."""

    def __init__(
        self, bot_id: int, clock: Clock, ownership: Ownership, is_ended: Callable[[str], bool] = has_ended
    ) -> None:
        """`is_ended`: whether an owner has certainly ended; nobody waits for one that has."""
        self._bot_id = bot_id
        self._clock = clock
        self._ownership = ownership
        self._is_ended = is_ended
        self._watch = LeaseWatch()

    async def find(self) -> list[Delivery]:
        """Look at what is in progress; return what may be taken over, the oldest lease first.

        To be called every few seconds, since only what was seen unchanged is found. Raises StoreUnavailable.
        """
        # also of those that have not run out: who died just now is told in half a minute, not in a whole one
        soon = self._clock.now() + LEASE_FOR
        found = await delivery_ops.find_lapsed(self._bot_id, soon, WATCHED)
        self._watch.look({one.id: _lease_of(one) for one in found}, self._clock.monotonic())
        return [one for one in found if self.may_take(one)]

    def may_take(self, delivery: Delivery) -> bool:
        """Whether a delivery, as it was just read, may be taken over by this process."""
        # after a jump of the clock also what this process is delivering looks lapsed
        if not is_lapsed(delivery, self._clock.now()) or self._ownership.holds(delivery.id):
            return False
        if self._is_ended(delivery.process):
            return True
        return self._watch.is_dead(delivery.id, _lease_of(delivery), self._clock.monotonic())


def _lease_of(delivery: Delivery) -> tuple[object, ...]:
    """Return what every start, takeover and renewal changes."""
    return delivery.count, delivery.until
