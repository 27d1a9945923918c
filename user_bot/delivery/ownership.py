"""What this process is delivering now, and the leases it holds on that."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.clock import Clock
from core.errors import TollgateError
from database.operations import delivery_ops
from database.owners import identify_this_process, new_owner

log = structlog.get_logger("tollgate.delivery")

#: a delivery that takes longer has its lease renewed, as often; a third of the lease
RENEW_AFTER_S = 10.0
#: seconds from before a renewal for which a delivery is certainly still ours; others wait for LeaseWatch.DEAD_AFTER_S
HELD_FOR_S = 20.0


class Ownership:
    """One per bot and process, shared by those who deliver and those who recover."""

    def __init__(self, clock: Clock) -> None:
        self.owner = new_owner()
        self.process = identify_this_process()
        self._clock = clock
        #: ids of what is being delivered -> monotonic seconds of the start or last renewal
        self._in_progress: dict[str, float] = {}

    @contextmanager
    def hold(self, delivery_id: str, since_s: float) -> Iterator[None]:
        """Count the delivery as in progress in this process for the length of the block.

        `since_s`: monotonic seconds before its lease was written.
        """
        self._in_progress[delivery_id] = since_s
        try:
            yield
        finally:
            self._in_progress.pop(delivery_id, None)

    def holds(self, delivery_id: str) -> bool:
        """Whether this process is delivering it now."""
        return delivery_id in self._in_progress

    async def is_still_ours(self, delivery_id: str) -> bool:
        """Whether no other process can have taken over what this one is delivering; asks the database only in doubt.

        The process may have slept for longer: suspended, or waiting for the database.
        """
        held_for = self._clock.monotonic() - self._in_progress.get(delivery_id, -math.inf)
        if 0 <= held_for < HELD_FOR_S:
            return True
        return bool(await delivery_ops.renew(self.owner, [delivery_id], self._clock.now()))

    async def run(self) -> None:
        """Repeat `renew` until cancelled."""
        while True:
            await self._clock.sleep(RENEW_AFTER_S / 2)
            try:
                await self.renew()
            except TollgateError as error:
                log.info("delivery.leases_not_renewed", error=str(error))

    async def renew(self) -> None:
        """Renew the leases of deliveries that take long; one command, none when there are none."""
        now_s = self._clock.monotonic()
        # a clock that went back renews too
        old = [one for one, since in self._in_progress.items() if not 0 <= now_s - since < RENEW_AFTER_S]
        if await delivery_ops.renew(self.owner, old, self._clock.now()) < len(old):
            # another process has taken one of them over: `is_still_ours` asks which
            return
        for one in old:
            if one in self._in_progress:
                self._in_progress[one] = now_s
