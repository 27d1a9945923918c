"""Whom a broadcast reaches, as a condition on `users`."""

from datetime import datetime, timedelta

from core.segments import Segment, SegmentKind
from database.operations.user_ops import users
from database.values import Document


def reachable(segment: Segment, now: datetime) -> Document:
    """Who of the segment can and may be written to at `now`."""
    banned = [{"is_banned": True, "banned_until": None}, {"is_banned": True, "banned_until": {"$gt": now}}]
    # side by side, so that the index behind a part of it can be used
    return {"blocked_at": None, "news_stopped_at": None, "$nor": banned, **_of(segment, now)}


def _of(segment: Segment, now: datetime) -> Document:
    match segment.kind:
        case SegmentKind.EVERYBODY:
            return {"user_id": {"$gt": 0}}
        case SegmentKind.ACTIVE:
            return {"last_seen_at": {"$gte": now - timedelta(days=segment.days or 0)}}
        case SegmentKind.WITH_PASS:
            return {"pass_until": {"$gt": now}}
        case SegmentKind.WITHOUT_PASS:
            return {"pass_until": {"$not": {"$gt": now}}}
        case SegmentKind.LANGUAGE:
            # "pt" is also "pt-br": no language goes on with less than "-", and "." comes right after it
            return {"language": {"$gte": segment.language, "$lt": f"{segment.language}."}}
        case SegmentKind.SOURCE:
            return {"source": segment.source}


async def count_reachable(segment: Segment, now: datetime) -> int:
    """How many people a broadcast to `segment` would have now; one pass over them on the server."""
    return await users().count(reachable(segment, now))


async def find_reachable(
    segment: Segment, joined_until: datetime, now: datetime, *, after: int | None, limit: int
) -> list[int]:
    """Up to `limit` user ids of the segment, ascending, above `after`, of people who had joined by `joined_until`.

    `[]` when there are no more. Calling it with the last id again is how to walk over all of them.
    """
    condition = {
        **reachable(segment, now),
        "user_id": {"$gt": after or 0},
        "joined_at": {"$lte": joined_until},
    }
    found = await users().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [document["user_id"] for document in found]
