"""Tells the owners of loops of this process that fail and are started again."""

from functools import partial

from core.clock import Clock
from core.supervisor import STEADY_AFTER_S, LoopFailures
from monitoring.alerts import Alerts
from monitoring.logs import mask
from views.system import health_texts

#: seconds between two looks
LOOK_EVERY_S = 5.0


class LoopAlerts:
    """One incident for each loop: raised when it fails, closed when it has run for five minutes since."""

    def __init__(self, failures: LoopFailures, alerts: Alerts, clock: Clock) -> None:
        self._failures = failures
        self._alerts = alerts
        self._clock = clock

    async def run(self) -> None:
        """Look every LOOK_EVERY_S seconds, until it is cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Raise the incidents of loops that fail, and close those of loops that work again."""
        for name, failure in self._failures.all().items():
            incident = f"loop:{name}"
            if self._clock.monotonic() - failure.failed_at_s < STEADY_AFTER_S:
                error = mask(f"{type(failure.error).__name__}: {failure.error}")
                await self._alerts.raise_once(incident, partial(health_texts.loop_failed, name, error))
            elif await self._alerts.clear(incident, partial(health_texts.loop_runs, name)):
                self._failures.forget(name)
