"""Segments as conditions on `users`: who is listed, counted and reached."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from core.segments import Segment, SegmentKind
from database.operations.user_ops import users
from database.values import Document

#: before any visit
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reachable(segment: Segment, now: datetime) -> Document:
    """Return the condition for users of the segment who may receive a broadcast at `now`."""
    banned = [{"is_banned": True, "banned_until": None}, {"is_banned": True, "banned_until": {"$gt": now}}]
    # Telegram lets a bot write to nobody who has not started it: those who only asked to join, or were imported
    started: Document = {"has_started": {"$ne": False}}
    # on one level, so that the server can use the index of each part
    return {"blocked_at": None, "news_stopped_at": None, "$nor": banned, **started, **part_of(segment, now)}


def part_of(segment: Segment, now: datetime) -> Document:
    """Return the condition for everyone of the segment: the one definition of lists, counts and audiences."""
    match segment.kind:
        case SegmentKind.EVERYBODY:
            return {"user_id": {"$gt": 0}}
        case SegmentKind.NEW:
            return {"joined_at": {"$gte": now - timedelta(days=segment.days or 0)}}
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
        case SegmentKind.BANNED:
            return banned_now(now)
        case SegmentKind.BLOCKED:
            return {"blocked_at": {"$gt": EPOCH}}


def banned_now(now: datetime) -> Document:
    """Return the condition for users whose ban holds."""
    # also without an end: null is not compared
    return {"is_banned": True, "banned_until": {"$not": {"$lte": now}}}


async def count_reachable(segment: Segment, now: datetime) -> int:
    """Count the recipients a broadcast to `segment` would have now; one pass over them on the server."""
    return await users().count(reachable(segment, now))


async def find_reachable(
    segment: Segment, joined_until: datetime, now: datetime, *, after: int | None, limit: int
) -> list[int]:
    """Return up to `limit` user ids of the segment above `after`, ascending, of users who joined by `joined_until`.

    `[]` when there are no more. Pass the last id as `after` to get the next page.
    """
    part = reachable(segment, now)
    # those who are new are bounded on both sides
    joined = {**part.get("joined_at", {}), "$lte": joined_until}
    condition = {**part, "user_id": {"$gt": after or 0}, "joined_at": joined}
    found = await users().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [document["user_id"] for document in found]


async def languages_of(user_ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """Return for each known user what they chose, and what their app speaks; by index."""
    fields = ["user_id", "chosen_language", "language"]
    found = await users().find({"user_id": {"$in": list(user_ids)}}, limit=len(user_ids), projection=fields)
    return {one["user_id"]: (_code(one.get("chosen_language")), _code(one.get("language"))) for one in found}


def _code(stored: object) -> str | None:
    return stored if isinstance(stored, str) else None


async def count_part(segment: Segment, now: datetime) -> int:
    """Count everyone of the segment, also those a broadcast leaves out; one pass over them on the server."""
    return await users().count(part_of(segment, now))


async def find_part(segment: Segment, now: datetime, *, after: int, limit: int) -> list[int]:
    """Return up to `limit` user ids of the segment above `after`, ascending; `[]` when there are no more."""
    part = part_of(segment, now)
    condition: Document = {**part, "user_id": {"$gt": after}}
    found = await users().find(condition, limit=limit, sort=[("user_id", 1)], projection=["user_id"])
    return [document["user_id"] for document in found]
