"""The rows of an export, read page by page while others change what is read."""

from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.exchange.exports import Exported, day_row, post_row, subscriber_row
from core.posts import Post
from core.statistics import DayStats
from core.users import User
from database.operations.audit_ops import AuditEntry
from database.operations.exchange import export_ops


async def pages(what: Exported, now: datetime, zone: ZoneInfo) -> AsyncIterator[deque[list[Any]]]:
    """Yield the rows, a page at a time, never an empty one; one command a page. Raises StoreUnavailable between two."""
    after: Any = None
    while True:
        page = await export_ops.page(what, after)
        rows = deque(row for record in page.records if (row := _row(record, now, zone)) is not None)
        if rows:
            yield rows
        after = page.after
        if after is None:
            return


def _row(record: Post | User | DayStats | AuditEntry, now: datetime, zone: ZoneInfo) -> list[Any] | None:
    match record:
        case Post():
            return post_row(record)
        case User():
            return subscriber_row(record, now)
        case DayStats():
            return day_row(record, zone)
        case AuditEntry():
            return [record.at, record.admin_id, record.action, record.target, record.before, record.after]
