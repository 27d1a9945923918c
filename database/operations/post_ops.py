"""Posts (collection `posts`)."""

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

#: attempts to find a free number against other processes; within one process writers queue
_TRIES = 20
#: digits of a searched number; longer ones do not fit an integer of the database
_NUMBER_DIGITS = 18
#: characters of a folded title that are searched
_TITLE_KEY_MAX = 256
#: every status but removed, listed: a list is read along the index in order, "$ne" would read each removed post
_NOT_REMOVED: Document = {"$in": [status for status in PostStatus if status is not PostStatus.REMOVED]}
_NUMBER = re.compile(rf"(#?)([0-9]{{1,{_NUMBER_DIGITS}}})", re.ASCII)


def _posts() -> Collection:
    return current_database().collection("posts")


def _record(document: Document | None) -> Post | None:
    return None if document is None else Post.model_validate(document)


def title_key(title: str) -> str:
    """Return the form in which titles are compared: case, spacing and Unicode form are folded."""
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
    """Insert a post with the next number (highest + 1) and a new code; returns it.

    One insert, repeated with another number and code when another process took one of them. Raises AlreadyThere
    after 20 attempts.
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
    # the lock avoids collisions within one process; the unique indexes decide between processes
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
    """Return the live post of a link and count one more view in the same atomic update; None when there is none."""
    return _record(
        await _posts().find_one_and_update({"code": code, "status": PostStatus.LIVE}, {"$inc": {"views": 1}})
    )


async def find(code: str) -> Post | None:
    """Return the post with this code, in any status, without counting a view; None when there is none."""
    return _record(await _posts().find_one({"code": code}))


async def titles(codes: Iterable[str]) -> dict[str, str]:
    """Return titles by code, of posts in any status, without unknown codes; one read, none without codes."""
    distinct = sorted(set(codes))
    if not distinct:
        return {}
    found = await _posts().find({"code": {"$in": distinct}}, limit=len(distinct), projection=["code", "title"])
    return {document["code"]: document.get("title", "") for document in found}


async def search(text: str | None, *, skip: int, limit: int, include_removed: bool = False) -> tuple[list[Post], bool]:
    """Return one page of posts, newest first, and whether more follow; `([], False)` when nothing matches.

    `#12` matches the number, `12` the number or the beginning of a title, other text the beginning of a title (folded,
    see `title_key`), None or blank every post. Removed posts only with `include_removed`.
    """
    condition = _matching(text or "")
    if not include_removed:
        condition["status"] = _NOT_REMOVED
    found = await _posts().find(condition, sort=[("number", -1)], skip=skip, limit=limit + 1)
    return [Post.model_validate(document) for document in found[:limit]], len(found) > limit


def _matching(text: str) -> Document:
    words = text.strip()
    if not words:
        return {}
    number = _NUMBER.fullmatch(words)
    # anchored, so that the index on title_key is used; escaped, so that no input is a pattern
    by_title: Document = {"title_key": {"$regex": "^" + re.escape(title_key(words))}}
    if number is None:
        return by_title
    by_number: Document = {"number": int(number[2])}
    return by_number if number[1] else {"$or": [by_number, by_title]}


async def count_live() -> int:
    """Count the posts that can be opened."""
    return await _posts().count({"status": PostStatus.LIVE})


async def _set(code: str, fields: Document) -> Post | None:
    return _record(await _posts().find_one_and_update({"code": code}, {"$set": fields}))


async def rename(code: str, title: str) -> Post | None:
    """Change the title; atomic. Returns the changed post, None when there is none."""
    return await _set(code, {"title": title, "title_key": title_key(title)})


async def describe(code: str, description: str) -> Post | None:
    """Change the description; atomic. Returns the changed post, None when there is none."""
    return await _set(code, {"description": description})


async def replace_items(code: str, storage_chat_id: int, message_ids: Sequence[int]) -> Post | None:
    """Replace the stored messages of the post; link, number and views are kept. Atomic; None when there is no post."""
    return await _set(
        code,
        {"storage_chat_id": storage_chat_id, "message_ids": list(message_ids), "item_count": len(message_ids)},
    )


async def set_protect(code: str, protect: bool | None) -> Post | None:
    """Set whether deliveries are protected, None for the setting's value; atomic. None when there is no post."""
    return await _set(code, {"protect": protect})


async def set_deletion(code: str, minutes: int | None) -> Post | None:
    """Set after how many minutes deliveries are deleted (0 never, None the setting's value); atomic.

    None when there is no post.
    """
    return await _set(code, {"delete_after_minutes": minutes})


async def remove(code: str) -> Post | None:
    """Set the status to removed, which closes the link; nothing is deleted. Atomic; None when there is no post."""
    return await _set(code, {"status": PostStatus.REMOVED})


async def restore(code: str) -> Post | None:
    """Set the status of a removed post to live again; atomic. None when there is no post, or it is a draft."""
    condition = {"code": code, "status": {"$ne": PostStatus.DRAFT}}
    return _record(await _posts().find_one_and_update(condition, {"$set": {"status": PostStatus.LIVE}}))
