"""The owners hear once that the storage channel is in trouble, and once that the trouble is over."""

from monitoring.alerts import Alerts
from views.owner_alerts import storage_back


class StorageAlarm:
    """Shares its incident with the user bot, so that one loss is told once, but ends only what it began itself:

    that the admin bot may post again says nothing about what the user bot can read.
    """

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._begun: set[int] = set()

    async def begin(self, chat_id: int, html: str) -> None:
        """Tell the owners, unless they know."""
        if await self._alerts.raise_once(_incident(chat_id), html):
            self._begun.add(chat_id)

    async def end(self, chat_id: int) -> None:
        """The admin bot can post: tell the owners when they were told otherwise from here."""
        if chat_id in self._begun:
            self._begun.discard(chat_id)
            await self._alerts.clear(_incident(chat_id), storage_back())

    async def both_fine(self, chat_id: int) -> None:
        """Both bots' rights were checked and are complete: whoever began it, it is over."""
        self._begun.discard(chat_id)
        await self._alerts.clear(_incident(chat_id))


def _incident(chat_id: int) -> str:
    return f"storage:{chat_id}"
