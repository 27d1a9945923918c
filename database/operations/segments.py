"""Recipients of a broadcast: segments as conditions on `users`."""

from datetime import datetime, timedelta

from core.segments import Segment, SegmentKind
from database.operations.user_ops import users
from database.values import Document


def reachable(segment: Segment, now: datetime) -> Document:
    """Return the condition for users of the segment who may receive a broadcast at `now`."""
    banned = [{"is_banned": True, "banned_until": None}, {"is_banned": True, "banned_until": {"$gt": now}}]
    # on one level, so that the server can use the index of each part
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
            # "pt" includes "pt-br": the next character of a language is "-" at least, and "." follows "-"
            return {"language": {"$gte": segment.language, "$lt": f"{segment.language}."}}
        case SegmentKind.SOURCE:
            return {"source": segment.source}


async def count_reachable(segment: Segment, now: datetime) -> int:
    """Count the recipients a broadcast to `segment` would have now; one pass over them on the server."""
    return await users().count(reachable(segment, now))


async def find_reachable(
    segment: Segment, joined_until: datetime, now: datetime, *, after: int | None, limit: int
) -> list[int]:
    """Return up to `limit` user ids of the segment above `after`, ascending, of users who joined by `joined_until`.

    `[]` when there are no more. Pass the last id as `after` to get the next page.
    """
    condition = {
        **reachable(segment, now),
        "user_id": {"$gt": after or 0},
        "joined_at": {"$lte": joined_until},
    }
    found = await users().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [document["user_id"] for document in found]
