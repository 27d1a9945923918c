"""Subscribers of an import (collection `users`): who is new, and storing them.

The `_id` of an imported subscriber is made of the import and the line. So a page that was stored before a crash, and is
looked at once more, is known for what it is: nobody is counted twice, and nobody's credits are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import ObjectId

from core.exchange.imports.people import ImportedPerson
from core.exchange.imports.runs import ImportCounts
from core.users import user_words, username_key
from database.collection import Collection
from database.connection import current_database
from database.erasing.tombstones import Tombstones
from database.values import Document

#: of one whose file does not say when they were seen: not active today, this week or this month
UNSEEN_FOR = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Source:
    """Which import it is."""

    #: 16 hexadecimal digits
    key: str
    #: the subscribers have pressed Start at this bot
    is_of_this_bot: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SortedPage:
    """A page by who is new. `counts.new`: those of `new`, and those this import has stored before."""

    new: Sequence[ImportedPerson]
    counts: ImportCounts


def _users() -> Collection:
    # bulk: nobody's command waits for an import
    return current_database().bulk("users")


async def sort_page(
    people: Sequence[ImportedPerson], tombstones: Tombstones, erased: frozenset[str], key: str = ""
) -> SortedPage:
    """Find out who of a page is new; two commands at most. Nobody of a page is in it twice.

    `erased`: hashes of erased subscribers besides those of the database. `key`: of the import that stores them.
    """
    if not people:
        return SortedPage((), ImportCounts())
    wanted: Document = {"user_id": {"$in": [one.user_id for one in people]}}
    found = await _users().find(wanted, limit=len(people), projection=["user_id"])
    there = {document["user_id"]: document["_id"] for document in found}
    again = known = 0
    strangers: dict[str, ImportedPerson] = {}
    for one in people:
        stored = there.get(one.user_id)
        if stored is None:
            strangers[tombstones.of(one.user_id)] = one
        elif key and stored == _id_of(key, one.line):
            again += 1
        else:
            known += 1
    gone = erased.intersection(strangers) | await _erased(list(strangers))
    new = [one for mark, one in strangers.items() if mark not in gone]
    return SortedPage(new, ImportCounts(new=len(new) + again, known=known, erased=len(strangers) - len(new)))


async def _erased(marks: Sequence[str]) -> set[str]:
    if not marks:
        return set()
    rows = current_database().bulk("erasures")
    return {row["_id"] for row in await rows.find({"_id": {"$in": list(marks)}}, limit=len(marks), projection=["_id"])}


async def store_page(
    people: Sequence[ImportedPerson], tombstones: Tombstones, erased: frozenset[str], source: Source
) -> ImportCounts:
    """Store who of a page is new, and nothing of who is known; returns what became of the page.

    One insert each, all in one command: one who presses Start at the same time is known, with what they have. May be
    repeated.
    """
    page = await sort_page(people, tombstones, erased, source.key)
    if not page.new:
        return page.counts
    late = len(page.new) - await _users().insert_each([_document(one, source) for one in page.new])
    counts = page.counts
    return counts.model_copy(update={"new": counts.new - late, "known": counts.known + late})


def _id_of(key: str, line: int) -> ObjectId:
    return ObjectId(f"{key}{line:08x}")


def _document(one: ImportedPerson, source: Source) -> Document:
    seen_at = one.last_seen_at or one.joined_at or source.at - UNSEEN_FOR
    started: Document = {"blocked_at": one.blocked_at} if source.is_of_this_bot else {"has_started": False}
    return {
        "_id": _id_of(source.key, one.line),
        "user_id": one.user_id,
        "username": one.username,
        "username_key": username_key(one.username),
        "first_name": one.first_name,
        "last_name": one.last_name,
        "words": list(user_words(one.first_name, one.username, one.last_name)),
        "language": one.language,
        "credits": one.credits,
        "pass_until": one.pass_until,
        "is_banned": one.is_banned,
        "ban_reason": one.ban_reason,
        "banned_until": one.banned_until,
        "blocked_at": None,
        "news_stopped_at": one.news_stopped_at,
        "joined_at": min(one.joined_at or source.at, source.at),
        "last_seen_at": min(seen_at, source.at),
        "source": one.source,
        "unlocks": one.unlocks,
        "imported_at": source.at,
        **started,
    }
