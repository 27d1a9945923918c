"""Deliveries that stay for good are told to the owners: all of them, in one message an hour (a day) at most."""

from datetime import datetime, timedelta

import structlog

from core.errors import StoreUnavailable
from database.operations import impossible_deletions
from monitoring.alerts import Alerts
from views import owner_alerts

log = structlog.get_logger("tollgate.deleter")

#: between two messages to the owners about deliveries that stay
TELL_EVERY = timedelta(hours=1)
#: the same when nothing but accounts are gone, which happens all the time
TELL_GONE_EVERY = timedelta(days=1)


class UndeletableAlerts:
    """What one bot's owners have not heard of yet stands in the database: a crash forgets nothing."""

    def __init__(self, bot_id: int, alerts: Alerts) -> None:
        self._bot_id = bot_id
        self._alerts = alerts
        self._told_at: datetime | None = None
        #: something may be untold: after a start nobody knows
        self._may_be_untold = True

    def noted(self) -> None:
        """There is something new to tell."""
        self._may_be_untold = True

    async def tell(self, now: datetime) -> None:
        """Tell the owners what they have not heard of, unless they were told a short while ago."""
        if not self._may_be_untold or (self._told_at is not None and now - self._told_at < TELL_EVERY):
            return
        try:
            await self._tell(now)
        except StoreUnavailable as error:
            log.warning("deletion.owners_not_told", error=str(error))

    async def _tell(self, now: datetime) -> None:
        too_old, gone, lost = [
            await impossible_deletions.count_unnotified(self._bot_id, reason)
            for reason in ("too_old", "reader_gone", "unknown")
        ]
        if not too_old and not gone and not lost:
            self._may_be_untold = False
            return
        if not too_old and not lost and self._told_at is not None and now - self._told_at < TELL_GONE_EVERY:
            return
        if await self._alerts.tell(owner_alerts.deletions_impossible(too_old, gone, lost)):
            await impossible_deletions.mark_notified(self._bot_id, now)
            self._told_at = now
            self._may_be_untold = False
