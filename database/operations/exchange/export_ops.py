"""Whole collections for an export, page by page in a fixed order, while others change them; a page is one command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.exchange.exports import Exported
from core.posts import Post
from core.statistics import DayStats
from core.users import User
from database.collection import Collection
from database.connection import current_database
from database.operations import audit_ops, statistics_ops, user_ops
from database.operations.audit_ops import AuditEntry
from database.operations.posts import post_ops
from database.operations.segments import EPOCH
from database.readable import find_records
from database.values import Document

#: records of one page
PAGE = 500
#: of a subscriber: without what is only the bot's
_USER_FIELDS = tuple(name for name in user_ops.FIELDS if name not in ("charges", "gates", "popped_post"))


@dataclass(frozen=True, slots=True)
class _Entry:
    """An action with its id, which orders actions of the same instant."""

    id: Any
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Records of one page, and where the next one begins; None: this is the last."""

    records: Sequence[Post | User | DayStats | AuditEntry]
    after: Any = None


def _home(name: str) -> Collection:
    # bulk: nobody's command waits for an export
    return current_database().bulk(name)


async def page(what: Exported, after: Any = None, limit: int = PAGE) -> ExportPage:
    """Return the page behind `after`, which the page before gave: posts by number, subscribers by id, others by time.

    Documents that cannot be read are left out and noted.
    """
    match what:
        case Exported.POSTS:
            behind: Document = {"number": {"$gt": after or 0}}
            posts = await find_records(_home("posts"), post_ops.READ, behind, sort=[("number", 1)], limit=limit)
            return ExportPage(posts, posts[-1].number if len(posts) == limit else None)
        case Exported.SUBSCRIBERS:
            behind = {"user_id": {"$gt": after or 0}}
            by_id = [("user_id", 1)]
            users = await find_records(
                _home("users"), user_ops.READ, behind, sort=by_id, limit=limit, projection=_USER_FIELDS
            )
            return ExportPage(users, users[-1].user_id if len(users) == limit else None)
        case Exported.DAYS:
            behind = {"date": {"$gt": after or EPOCH}}
            days = await find_records(
                _home("daily_stats"), statistics_ops.read, behind, sort=[("date", 1)], limit=limit
            )
            return ExportPage(days, days[-1].date if len(days) == limit else None)
        case Exported.ACTIVITY:
            return await _actions(after, limit)


async def _actions(after: tuple[Any, tuple[Any, ...]] | None, limit: int) -> ExportPage:
    condition: Document = {"at": {"$gt": EPOCH}}
    if after is not None:
        condition = {"at": {"$gte": after[0]}, "_id": {"$nin": list(after[1])}}
    in_order = [("at", 1), ("_id", 1)]
    found = await find_records(_home("audit_log"), _read_entry, condition, sort=in_order, limit=limit)
    records = [one.entry for one in found]
    if len(found) < limit:
        return ExportPage(records)
    last = records[-1].at
    earlier = after[1] if after is not None and after[0] == last else ()
    return ExportPage(records, (last, (*earlier, *(one.id for one in found if one.entry.at == last))))


def _read_entry(document: Document) -> _Entry:
    return _Entry(document["_id"], audit_ops.READ(document))
