"""The check whether any process polls for each bot, by the beats of its lease: no clock is compared with another's."""

from collections.abc import Sequence

from core.clock import Clock
from core.health.findings import Finding, Trouble
from core.processes.polling_lease import UNPOLLED_AFTER_S
from database.operations.processes import polling_lease_ops
from schedulers.jobs.health.probes import BotProbe, CheckResult, with_database


class PollingCheck:
    """Remembers the last beat it saw of each polled bot. A process that runs its first check finds nothing."""

    def __init__(self, probes: Sequence[BotProbe], clock: Clock) -> None:
        """`clock`: in real time, which a sandbox does not move."""
        self._polled = [probe for probe in probes if not probe.is_posted]
        self._clock = clock
        #: by bot: the beat, and when it was first seen, in monotonic seconds
        self._seen: dict[str, tuple[int, float]] = {}

    async def check(self, result: CheckResult) -> None:
        """Find bots that nobody polls. One for which nobody has ever polled is none."""
        await with_database(self._read, frozenset({Trouble.NOBODY_POLLS}), result)

    async def _read(self) -> list[Finding]:
        findings = []
        for probe in self._polled:
            lease = await polling_lease_ops.find(probe.bot_id)
            if lease is None:
                continue
            now_s = self._clock.monotonic()
            beat, since_s = self._seen.get(probe.name, (None, now_s))
            if beat != lease.beat:
                self._seen[probe.name] = lease.beat, now_s
            elif now_s - since_s >= UNPOLLED_AFTER_S:
                minutes = max(1, int(now_s - since_s) // 60)
                findings.append(Finding(trouble=Trouble.NOBODY_POLLS, subject=probe.name, amount=minutes))
        return findings
