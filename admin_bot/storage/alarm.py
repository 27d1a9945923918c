"""Alerts about the storage channel: one when the admin bot loses it, one when it works again."""

from core.health.incidents import restricted_storage_incident
from monitoring.alerts import Alerts, Words
from views.owner_alerts import storage_back, storage_restricted, storage_unrestricted


class StorageAlarm:
    """Raises and clears the incident of the storage channel.

    The user bot raises the same incident, so that one loss is one alert. `clear` ends only an incident raised here:
    that the admin bot may post again says nothing about the user bot.
    """

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        #: channels whose incident was raised here
        self._raised: set[int] = set()

    async def raise_incident(self, chat_id: int, words: Words) -> None:
        """Alert the owners, unless the incident is raised already."""
        if await self._alerts.raise_once(_incident(chat_id), words):
            self._raised.add(chat_id)

    async def clear(self, chat_id: int) -> None:
        """End an incident raised here and alert the owners: the admin bot can post again."""
        if chat_id in self._raised:
            self._raised.discard(chat_id)
            await self._alerts.clear(_incident(chat_id), storage_back)

    async def clear_for_both_bots(self, chat_id: int) -> None:
        """End the incident without an alert, also one raised by the user bot: both bots have all rights."""
        self._raised.discard(chat_id)
        await self._alerts.clear(_incident(chat_id))

    async def follow_restriction(self, chat_id: int, *, is_restricted: bool) -> None:
        """Alert the owners once when saving is restricted in the channel, and once when it no longer is."""
        incident = restricted_storage_incident(chat_id)
        if is_restricted:
            await self._alerts.raise_once(incident, storage_restricted)
        else:
            await self._alerts.clear(incident, storage_unrestricted)


def _incident(chat_id: int) -> str:
    return f"storage:{chat_id}"
