"""Alerts to the owners about announcements that need a person: one for each confirmed draft, closed when none does."""

from functools import partial

import structlog

from core.announcements import TROUBLED, Announcement, AnnouncementState
from core.errors import StoreUnavailable
from core.health.incidents import announcement_incident, announcement_key_of, announcement_stays_incident
from database.operations import announcement_ops, channel_ops, incident_ops
from database.operations.posts import post_ops
from monitoring.alerts import Alerts, Words
from views import owner_alerts

log = structlog.get_logger("tollgate.publisher")

#: announcements looked at in one call; the rest is told of when these are settled
_LOOKED_AT = 100


class AnnouncementAlerts:
    """Opens and closes the incidents of announcements. What could not be told now is told by the next `settle`."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    async def tell(self, one: Announcement) -> None:
        """Alert the owners unless they know of this draft. An outage only postpones it."""
        try:
            await self._alerts.raise_once(announcement_incident(one.key), await _words(one))
        except StoreUnavailable as error:
            log.warning("announcement.owners_not_notified", error=str(error))

    async def tell_all(self) -> None:
        """Alert the owners of what is open and they were not told of, and close what no longer is."""
        troubled = await announcement_ops.find_troubled(_LOOKED_AT)
        known = await incident_ops.find_told()
        drafts = {one.key: one for one in reversed(troubled)}
        for key, one in drafts.items():
            if announcement_incident(key) not in known:
                await self.tell(one)
        for incident in await incident_ops.find_open():
            draft = announcement_key_of(incident)
            if draft is not None and draft not in drafts:
                await self.settle(draft)

    async def settle(self, key: str) -> None:
        """Close the incident of a draft if none of its announcements needs a person any more."""
        of_draft = await announcement_ops.find_of_draft(key)
        if any(one.state in TROUBLED for one in of_draft):
            return
        post_code = of_draft[0].post_code if of_draft else ""
        title = (await post_ops.titles([post_code])).get(post_code, "")
        await self._alerts.clear(announcement_incident(key), partial(owner_alerts.announcement_settled, title or key))

    async def tell_stays(self, one: Announcement, words: str) -> None:
        """Alert the owners that it cannot be taken out of its channel. `words`: Telegram's."""
        title, channel = await _names(one)
        stays = partial(owner_alerts.announcement_stays, title, channel, words)
        await self._alerts.raise_once(announcement_stays_incident(one.id), stays)

    async def tell_left(self, one: Announcement) -> None:
        """Close this incident, if there is one."""
        if one.removal_attempts:
            title, channel = await _names(one)
            left = partial(owner_alerts.announcement_left, title, channel)
            await self._alerts.clear(announcement_stays_incident(one.id), left)


async def _names(one: Announcement) -> tuple[str, str]:
    """Return what people call its post and its channel."""
    title = (await post_ops.titles([one.post_code])).get(one.post_code) or one.post_code
    found = await channel_ops.find(one.chat_id)
    return title, str(one.chat_id) if found is None else found.name


async def _words(one: Announcement) -> Words:
    title, channel = await _names(one)
    if one.state is AnnouncementState.FAILED:
        return partial(owner_alerts.announcement_failed, title, channel, one.error or "")
    if one.state is AnnouncementState.MISSED:
        return partial(owner_alerts.announcement_missed, title, channel)
    return partial(owner_alerts.announcement_unknown, title, channel)
