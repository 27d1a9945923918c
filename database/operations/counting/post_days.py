"""Counts of posts by day (collection `post_days`): one row per post and day on which somebody tried to get it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.records import Record
from core.statistics import TopPost
from core.statistics.events import STEP_COUNTS
from database.collection import Collection
from database.connection import current_database
from database.readable import reader
from database.values import Document

_STEPS = tuple(count.value for count in STEP_COUNTS.values())


class PostSteps(Record):
    """The tries to get a post, and how far they came."""

    tries: int = 0
    joined: int = 0
    unlocked: int = 0
    delivered: int = 0


class PostDay(PostSteps):
    """Those of one day."""

    post_code: str
    date: datetime


#: makes the counts of a document
READ = reader(PostDay)


def _days() -> Collection:
    return current_database().collection("post_days")


async def add(seq: int, posts: Mapping[tuple[str, datetime], Mapping[str, int]]) -> None:
    """Add these counts unless that was done for `seq` or a later one. Two commands, may be repeated.

    Raises StoreRefused when some cannot be added; the others are.
    """
    keys: list[Document] = [{"post_code": code, "date": date} for code, date in posts]
    new: Document = {"$setOnInsert": dict.fromkeys(_STEPS, 0)}
    await _days().update_each([(key, new) for key in keys], upsert=True)
    once: Document = {"seq": {"$not": {"$gte": seq}}}
    await _days().update_each(
        [
            ({**key, **once}, {"$inc": dict(counts), "$set": {"seq": seq}})
            for key, counts in zip(keys, posts.values(), strict=True)
        ]
    )


async def of_post(code: str, start: datetime, end: datetime) -> PostSteps:
    """Return the sums of a post from the day `start` to before `end`; one command."""
    condition: Document = {"post_code": code, "date": {"$gte": start, "$lt": end}}
    group: Document = {"$group": {"_id": None, **{name: {"$sum": f"${name}"} for name in _STEPS}}}
    found = await _days().aggregate(condition, [group], at_most=1)
    return PostSteps.model_validate({name: int(found[0][name]) for name in _STEPS}) if found else PostSteps()


async def top(start: datetime, end: datetime, limit: int, skip: int = 0) -> list[TopPost]:
    """Return the posts delivered most from the day `start` to before `end`, without the first `skip`; one command."""
    stages: list[Document] = [
        {"$group": {"_id": "$post_code", "delivered": {"$sum": "$delivered"}}},
        {"$match": {"delivered": {"$gt": 0}}},
        # the code makes the order of equal counts stable
        {"$sort": {"delivered": -1, "_id": 1}},
        {"$skip": skip},
        {"$limit": limit},
        {"$lookup": {"from": "posts", "localField": "_id", "foreignField": "code", "as": "posts"}},
        {"$project": {"delivered": 1, "posts.title": 1}},
    ]
    found = await _days().aggregate({"date": {"$gte": start, "$lt": end}}, stages, at_most=limit)
    return [
        TopPost(code=one["_id"], title=_title(one["posts"]), deliveries=int(one["delivered"]))
        for one in found
        if isinstance(one["_id"], str)
    ]


def _title(posts: Sequence[Document]) -> str:
    """Return the title of a post that was looked up; "" when it is gone."""
    return str(posts[0].get("title", "")) if posts else ""
