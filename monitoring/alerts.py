"""Alerts to the owners: one message per incident, told again only after it was over."""

from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger("tollgate.alerts")

#: sends one HTML sentence to the owners and says whether it reached any; raises nothing for a Telegram failure
Tell = Callable[[str], Awaitable[bool]]


class Alerts:
    """Remembers which incidents the owners already know of (in this process)."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._open: set[str] = set()

    async def raise_once(self, incident: str, html: str) -> bool:
        """Tell the owners unless this incident is still open; returns whether they were told now.

        An incident of which nobody could be told stays closed: the next one is tried again.
        """
        if incident in self._open:
            return False
        self._open.add(incident)
        reached = await self.tell(html)
        if not reached:
            self._open.discard(incident)
        log.warning("alert.raised", incident=incident, reached=reached)
        return reached

    async def tell(self, html: str) -> bool:
        """Tell the owners without remembering an incident; returns whether anybody was reached."""
        return await self._tell(html)

    async def clear(self, incident: str, html: str | None = None) -> None:
        """The incident is over: the next one is told again; `html` is sent when it was open."""
        if incident not in self._open:
            return
        self._open.discard(incident)
        log.info("alert.cleared", incident=incident)
        if html is not None:
            await self.tell(html)
