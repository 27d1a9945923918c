"""Alerts to the owners about undeletable and swept deliveries: all of them, in one message an hour (a day) at most."""

import secrets
from datetime import datetime, timedelta
from functools import partial

import structlog

from core.errors import StoreUnavailable
from database.operations import impossible_deletions
from monitoring.alerts import Alerts
from views import owner_alerts

log = structlog.get_logger("tollgate.deleter")

#: interval between two alerts, and between two looks at what other processes and jobs recorded
NOTIFY_EVERY = timedelta(hours=1)
#: the same when the only reason is deleted accounts, which is common
NOTIFY_GONE_EVERY = timedelta(days=1)


class UndeletableAlerts:
    """What the owners were not notified of is stored in the database, so a crash loses nothing."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._notified_at: datetime | None = None
        #: when there was nothing to notify of; None: there may be something
        self._nothing_at: datetime | None = None

    def expect_more(self) -> None:
        """Let the next `notify` read from the database what to notify of."""
        self._nothing_at = None

    async def notify(self, now: datetime) -> None:
        """Notify the owners of what is new, at most every NOTIFY_EVERY. An outage only postpones it."""
        for last in (self._nothing_at, self._notified_at):
            if last is not None and now - last < NOTIFY_EVERY:
                return
        try:
            await self._notify(now)
        except StoreUnavailable as error:
            log.warning("deletion.owners_not_notified", error=str(error))

    async def _notify(self, now: datetime) -> None:
        notice = secrets.token_hex(8)
        if not await impossible_deletions.claim_for_notice(notice):
            self._nothing_at = now
            return
        counted = {
            reason: await impossible_deletions.count_in_notice(notice, reason)
            for reason in owner_alerts.DELETION_REASONS
        }
        counts = {reason: count for reason, count in counted.items() if count}
        if not counts:
            self._nothing_at = now
            return
        is_only_gone = set(counts) == {"reader_gone"}
        if is_only_gone and self._notified_at is not None and now - self._notified_at < NOTIFY_GONE_EVERY:
            self._nothing_at = now
            return
        if await self._alerts.notify(partial(owner_alerts.deletions_impossible, counts)):
            await impossible_deletions.mark_notified(notice)
            self._notified_at = self._nothing_at = now
