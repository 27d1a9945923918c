"""Which jobs end before another begins, when both are to run at the same time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.jobs import JobPlan
from database.operations import lease_ops, run_ops

#: how long a job whose tick nobody has started yet is waited for; a run in progress is waited for to its end
STARTS_WITHIN = timedelta(minutes=1)


class Predecessors:
    """The jobs that go first."""

    def __init__(self, plans: Sequence[JobPlan], beside: Sequence[str]) -> None:
        """`plans` of the jobs that go first; `beside`: names of the jobs that this process runs."""
        self._plans = {plan.name: plan for plan in plans if plan.schedule is not None}
        self._beside = frozenset(beside)

    async def is_one_running(self, now: datetime) -> bool:
        """Return whether any process runs one of them. Raises StoreUnavailable."""
        leases = await lease_ops.find_many(tuple(self._plans)) if self._plans else {}
        return any(lease.is_held(now) for lease in leases.values())

    async def go_first(self, since: datetime, now: datetime) -> bool:
        """Return whether one of them has still to end. `since`: when this question was asked first.

        One is running in any process; or this process is to run its latest tick, which it does not begin later than
        STARTS_WITHIN. Raises StoreUnavailable.
        """
        leases = await lease_ops.find_many(tuple(self._plans)) if self._plans else {}
        if any(lease.is_held(now) for lease in leases.values()):
            return True
        if not timedelta() <= now - since < STARTS_WITHIN:
            return False
        for name, plan in self._plans.items():
            is_paused = name in leases and leases[name].paused_at is not None
            if name not in self._beside or is_paused or plan.schedule is None:
                continue
            if await run_ops.find_tick(name, plan.schedule.latest_tick(now)) is None:
                return True
        # one that has its row took its lease before that, perhaps since the leases were read
        return await self.is_one_running(now)
