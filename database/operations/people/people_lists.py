"""Lists of subscribers, and the search by name, username and id (collection `users`).

A page of a list is read along one index in its order: by the last visit, or by what the list is about. A search for a
name goes by the words in the order of the index, which is the order of the alphabet.
"""

import re
from datetime import datetime

from core.segments import Segment, SegmentKind
from core.users import User, username_key
from core.words import searched_words
from database.operations.searching.word_search import all_begin, rarest_first
from database.operations.segments import EPOCH, banned_now, part_of
from database.operations.user_ops import FIELDS, READ, users
from database.readable import find_records
from database.values import Document

#: what each list is sorted by, newest first; an index begins so, or has it behind the field it compares
_ORDER = {
    SegmentKind.NEW: "joined_at",
    SegmentKind.ACTIVE: "last_seen_at",
    SegmentKind.WITH_PASS: "pass_until",
    SegmentKind.SOURCE: "joined_at",
    SegmentKind.BANNED: "joined_at",
    SegmentKind.BLOCKED: "blocked_at",
}
#: Telegram's ids have at most 16 digits
_ID = re.compile(r"[0-9]{1,16}", re.ASCII)
#: a username, or its link
_USERNAME = re.compile(r"(?:@|(?:https?://)?(?:t|telegram)\.me/)([A-Za-z0-9_]{1,32})/?", re.ASCII | re.IGNORECASE)


async def page(segment: Segment, now: datetime, *, skip: int, limit: int) -> tuple[list[User], bool]:
    """Return one page of a segment, newest first, and whether more follow. One command."""
    everybody = segment.kind is SegmentKind.EVERYBODY
    # by the last visit: a condition on the id would bind the list to another index
    condition: Document = {"last_seen_at": {"$gt": EPOCH}} if everybody else part_of(segment, now)
    return await _page(condition, [(_ORDER.get(segment.kind, "last_seen_at"), -1)], skip, limit)


async def search(text: str, *, skip: int, limit: int) -> tuple[list[User], bool]:
    """Return one page of the subscribers a text means, and whether more follow; `([], False)` for none.

    `@ali` or a link to a username: whose username begins so, in whatever case. A number: the subscriber with this id;
    if there is none, it is a word. Other text: of whom each word begins a word of a name or of the username. One
    command, three for several words.
    """
    typed = text.strip()
    username = _USERNAME.fullmatch(typed)
    if username is not None:
        key = re.escape(username_key(username[1]) or "")
        return await _page({"username_key": {"$regex": f"^{key}"}}, [("username_key", 1)], skip, limit)
    if _ID.fullmatch(typed):
        by_id, _ = await _page({"user_id": int(typed)}, None, 0, 1)
        if by_id:
            return ([] if skip else by_id), False
    searched = searched_words(typed)
    if not searched:
        return [], False
    return await _page(all_begin(await rarest_first(users(), searched)), None, skip, limit)


async def _page(
    condition: Document, sort: list[tuple[str, int]] | None, skip: int, limit: int
) -> tuple[list[User], bool]:
    found = await find_records(users(), READ, condition, sort=sort, skip=skip, limit=limit + 1, projection=FIELDS)
    return found[:limit], len(found) > limit


async def find_several(user_ids: list[int]) -> list[User]:
    """Return those of the ids that are known, ascending; one command. At most a few: they are read at once."""
    wanted: Document = {"user_id": {"$in": user_ids}}
    return await find_records(users(), READ, wanted, sort=[("user_id", 1)], limit=len(user_ids), projection=FIELDS)


async def count_unreached(now: datetime) -> int:
    """Count the subscribers whom nothing can be sent: they blocked the bot, are gone, or are banned. One command."""
    banned: Document = {"blocked_at": None, "has_started": {"$ne": False}, **banned_now(now)}
    return await users().count({"$or": [{"blocked_at": {"$gt": EPOCH}}, banned]})
