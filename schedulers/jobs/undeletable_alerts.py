"""Alerts to the owners about undeletable deliveries: all of them, in one message an hour (a day) at most."""

from datetime import datetime, timedelta

import structlog

from core.errors import StoreUnavailable
from database.operations import impossible_deletions
from monitoring.alerts import Alerts
from views import owner_alerts

log = structlog.get_logger("tollgate.deleter")

#: interval between two alerts
NOTIFY_EVERY = timedelta(hours=1)
#: the same when the only reason is deleted accounts, which is common
NOTIFY_GONE_EVERY = timedelta(days=1)


class UndeletableAlerts:
    """Alerts for one bot. What the owners were not notified of is stored in the database, so a crash loses nothing."""

    def __init__(self, bot_id: int, alerts: Alerts) -> None:
        self._bot_id = bot_id
        self._alerts = alerts
        self._notified_at: datetime | None = None
        #: something may be left to notify of; unknown after a start
        self._may_be_pending = True

    def expect_more(self) -> None:
        """Let the next `notify` read from the database what to notify of."""
        self._may_be_pending = True

    async def notify(self, now: datetime) -> None:
        """Notify the owners of new undeletable deliveries, at most every NOTIFY_EVERY. An outage only postpones it."""
        if not self._may_be_pending or (self._notified_at is not None and now - self._notified_at < NOTIFY_EVERY):
            return
        try:
            await self._notify(now)
        except StoreUnavailable as error:
            log.warning("deletion.owners_not_notified", error=str(error))

    async def _notify(self, now: datetime) -> None:
        too_old, gone, lost = [
            await impossible_deletions.count_unnotified(self._bot_id, reason)
            for reason in ("too_old", "reader_gone", "unknown")
        ]
        if not too_old and not gone and not lost:
            self._may_be_pending = False
            return
        if not too_old and not lost and self._notified_at is not None and now - self._notified_at < NOTIFY_GONE_EVERY:
            return
        if await self._alerts.notify(owner_alerts.deletions_impossible(too_old, gone, lost)):
            await impossible_deletions.mark_notified(self._bot_id, now)
            self._notified_at = now
            self._may_be_pending = False
