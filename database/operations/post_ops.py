"""Posts."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from core.errors import AlreadyThere
from core.ids import new_code
from core.posts import Post, PostStatus
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_stored

#: tries to find a free number against other processes; within one process writers queue
_TRIES = 20
#: digits of a number a search may ask for; longer ones do not fit an integer of the database
_NUMBER_DIGITS = 18
#: characters of a folded title that a search looks at
_TITLE_KEY_MAX = 256
#: every status but removed, named: a list goes along an index in order, "not removed" would pass over each removed one
_NOT_REMOVED: Document = {"$in": [status for status in PostStatus if status is not PostStatus.REMOVED]}
_NUMBER = re.compile(rf"(#?)([0-9]{{1,{_NUMBER_DIGITS}}})", re.ASCII)


def _posts() -> Collection:
    return current_database().collection("posts")


def _record(document: Document | None) -> Post | None:
    return None if document is None else Post.model_validate(document)


def title_key(title: str) -> str:
    """How a title is compared in a search: case, spacing and Unicode form do not count."""
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())[:_TITLE_KEY_MAX]


async def create(
    *,
    title: str,
    storage_chat_id: int,
    message_ids: Sequence[int],
    created_by: int,
    created_at: datetime,
    description: str = "",
    protect: bool | None = None,
    delete_after_minutes: int | None = None,
    password: str | None = None,
    status: PostStatus = PostStatus.LIVE,
) -> Post:
    """Store a new post under the next number (highest + 1) and a fresh code, and return it.

    One insert, retried with a fresh number and code when another process took one of them. Raises AlreadyThere
    after 20 tries.
    """
    fields: Document = {
        "title": title,
        "title_key": title_key(title),
        "description": description,
        "storage_chat_id": storage_chat_id,
        "message_ids": list(message_ids),
        "item_count": len(message_ids),
        "protect": protect,
        "delete_after_minutes": delete_after_minutes,
        "password": password,
        "status": status,
        "views": 0,
        "created_by": created_by,
        "created_at": created_at,
        "published": [],
    }
    return await _insert_numbered(fields)


async def _insert_numbered(fields: Document) -> Post:
    # the lock spares one process the collisions with itself; the unique indexes decide between processes
    async with current_database().numbering:
        for _ in range(_TRIES):
            document = to_stored({**fields, "code": new_code(), "number": await _next_number()})
            with suppress(AlreadyThere):
                await _posts().insert_one(document)
                return Post.model_validate(document)
    raise AlreadyThere(f"posts: no free number or code in {_TRIES} tries")


async def _next_number() -> int:
    highest = await _posts().find_one({}, sort=[("number", -1)], projection=["number"])
    return 1 if highest is None else int(highest["number"]) + 1


async def open_post(code: str) -> Post | None:
    """The live post behind a link, counted as one more view in the same atomic update; None when there is none."""
    return _record(
        await _posts().find_one_and_update({"code": code, "status": PostStatus.LIVE}, {"$inc": {"views": 1}})
    )


async def find(code: str) -> Post | None:
    """The post with this code, in any status, uncounted; None when there is none."""
    return _record(await _posts().find_one({"code": code}))


async def titles(codes: Iterable[str]) -> dict[str, str]:
    """Titles by code, of posts in any status, in one read; unknown codes are left out, no codes give `{}`."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    found = await _posts().find({"code": {"$in": wanted}}, limit=len(wanted), projection=["code", "title"])
    return {document["code"]: document.get("title", "") for document in found}


async def search(text: str | None, *, skip: int, limit: int, include_removed: bool = False) -> tuple[list[Post], bool]:
    """One page of posts, newest first, and whether more follow; `([], False)` when nothing matches.

    `#12` is the number alone, `12` the number or a title that begins so, other text the beginning of a title (case
    and spacing do not count), None or blank everything. Removed posts only with `include_removed`.
    """
    condition = _matching(text or "")
    if not include_removed:
        condition["status"] = _NOT_REMOVED
    found = await _posts().find(condition, sort=[("number", -1)], skip=skip, limit=limit + 1)
    return [Post.model_validate(document) for document in found[:limit]], len(found) > limit


def _matching(text: str) -> Document:
    wanted = text.strip()
    if not wanted:
        return {}
    number = _NUMBER.fullmatch(wanted)
    # anchored and escaped: the index on title_key is used, and nothing a person types is a pattern
    by_title: Document = {"title_key": {"$regex": "^" + re.escape(title_key(wanted))}}
    if number is None:
        return by_title
    by_number: Document = {"number": int(number[2])}
    return by_number if number[1] else {"$or": [by_number, by_title]}


async def count_live() -> int:
    """How many posts can be opened."""
    return await _posts().count({"status": PostStatus.LIVE})


async def _set(code: str, fields: Document) -> Post | None:
    return _record(await _posts().find_one_and_update({"code": code}, {"$set": fields}))


async def rename(code: str, title: str) -> Post | None:
    """Give the post another title; atomic. The post as it is now, None when there is none."""
    return await _set(code, {"title": title, "title_key": title_key(title)})


async def describe(code: str, description: str) -> Post | None:
    """Give the post another description; atomic. The post as it is now, None when there is none."""
    return await _set(code, {"description": description})


async def replace_items(code: str, storage_chat_id: int, message_ids: Sequence[int]) -> Post | None:
    """Point the post at other stored messages; link, number and views stay. Atomic; None when there is no post."""
    return await _set(
        code,
        {"storage_chat_id": storage_chat_id, "message_ids": list(message_ids), "item_count": len(message_ids)},
    )


async def set_protect(code: str, protect: bool | None) -> Post | None:
    """Protect deliveries of the post or not, None as the setting says; atomic. None when there is no post."""
    return await _set(code, {"protect": protect})


async def set_deletion(code: str, minutes: int | None) -> Post | None:
    """Take deliveries back after `minutes` (0 never, None as the setting says); atomic. None when there is no post."""
    return await _set(code, {"delete_after_minutes": minutes})


async def remove(code: str) -> Post | None:
    """Close the post's link; nothing is deleted. Atomic, may be repeated; None when there is no post."""
    return await _set(code, {"status": PostStatus.REMOVED})


async def restore(code: str) -> Post | None:
    """Open a removed post's link again; atomic, may be repeated. None when there is no post, or only a draft."""
    condition = {"code": code, "status": {"$ne": PostStatus.DRAFT}}
    return _record(await _posts().find_one_and_update(condition, {"$set": {"status": PostStatus.LIVE}}))
