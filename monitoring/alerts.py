"""Alerts to the owners: one message per incident, told again only after it was over."""

from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger("tollgate.alerts")

#: sends one HTML sentence to the owners; must not raise for an ordinary Telegram failure
Tell = Callable[[str], Awaitable[None]]


class Alerts:
    """Remembers which incidents the owners already know of (in this process)."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._open: set[str] = set()

    async def raise_once(self, incident: str, html: str) -> bool:
        """Tell the owners unless this incident is still open; returns whether they were told now."""
        if incident in self._open:
            return False
        self._open.add(incident)
        log.warning("alert.raised", incident=incident)
        await self._tell(html)
        return True

    async def clear(self, incident: str, html: str | None = None) -> None:
        """The incident is over: the next one is told again; `html` is sent when it was open."""
        if incident not in self._open:
            return
        self._open.discard(incident)
        log.info("alert.cleared", incident=incident)
        if html is not None:
            await self._tell(html)
