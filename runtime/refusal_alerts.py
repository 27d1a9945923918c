"""Tells the owners of error texts that nobody knows, each text once."""

import asyncio
from functools import partial

from monitoring.alerts import Alerts
from monitoring.logs import mask
from sender.limiting.send_limiter import SendLimiter
from sender.unknown_refusals import UnknownRefusal
from views import owner_alerts


class RefusalAlerts:
    """Raises one incident for each text that the limiters report."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        #: small: a limiter reports at most `sender.unknown_refusals.REMEMBERED_MAX` texts an hour
        self._found: asyncio.Queue[UnknownRefusal] = asyncio.Queue()

    def watch(self, limiter: SendLimiter) -> None:
        """Tell the owners of every text that `limiter` reports from now on."""
        limiter.unknown_refusals.on_new = self._found.put_nowait

    async def run(self) -> None:
        """Raise the incidents, until it is cancelled.

        In a task of its own: an alert must neither have the lane of the failed call nor acknowledge its update.
        """
        while True:
            refusal = await self._found.get()
            words = partial(owner_alerts.refusal_unknown, refusal.method, refusal.chat, mask(refusal.text))
            await self._alerts.raise_once(f"refusal:{refusal.fingerprint}", words)
