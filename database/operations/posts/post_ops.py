"""Posts (collection `posts`): made, opened, counted, changed field by field, removed.

The lists are in `post_search`, the messages of a post in `post_content`, taking copies down in `post_takedown`.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import AlreadyThere, StoreUnavailable
from core.ids import new_code
from core.payloads import is_source
from core.posts import (
    SOURCES_MAX,
    UNDO_FOR,
    FieldChange,
    Post,
    PostAccess,
    PostField,
    PostItem,
    PostStatus,
    post_words,
)
from core.records import Record
from database.collection import Collection
from database.connection import current_database
from database.readable import reader, record_of
from database.values import Document, to_stored

#: attempts to find a free number, or to change a field, against other processes
_TRIES = 20
#: openings remembered of a post, so that an update that comes again counts once
OPENINGS_KEPT = 100
#: the fields the words of a search are made of
_WORDED = (PostField.TITLE, PostField.DESCRIPTION)


@dataclass(frozen=True, slots=True)
class OptionChanged:
    """The field has the value that was asked for; `before` is the one it had."""

    post: Post
    before: Any


@dataclass(frozen=True, slots=True)
class OptionDiffers:
    """Nothing was changed: the field has another value than the screen showed."""

    post: Post
    #: who changed it and when; None: not known
    change: FieldChange | None


def _posts() -> Collection:
    return current_database().collection("posts")


#: makes a post of a document
READ = reader(Post)


async def _record(document: Document | None) -> Post | None:
    return await record_of(_posts(), document, READ)


async def create(
    *,
    title: str,
    storage_chat_id: int,
    message_ids: Sequence[int],
    created_by: int,
    created_at: datetime,
    items: Sequence[PostItem] = (),
    description: str = "",
    protect: bool | None = None,
    delete_after_minutes: int | None = None,
    access: PostAccess = PostAccess.SETTINGS,
    password: str | None = None,
    status: PostStatus = PostStatus.LIVE,
    is_imported: bool = False,
    code: str | None = None,
) -> Post:
    """Insert a post with the next number (highest + 1) and a new code; returns it.

    One insert, repeated with another number and code when another process took one of them. `code`: chosen by the
    caller; of several calls with the same one the first inserts and all return its post. Raises AlreadyThere after 20
    attempts.
    """
    fields: Document = {
        "title": title,
        "description": description,
        "storage_chat_id": storage_chat_id,
        "message_ids": list(message_ids),
        "item_count": len(message_ids),
        "items": [item.model_dump() for item in items],
        "protect": protect,
        "delete_after_minutes": delete_after_minutes,
        "access": access,
        "label": None,
        "cover": None,
        "password": password,
        "status": status,
        "opened": 0,
        "delivered": 0,
        "sources": {},
        "source_count": 0,
        **_announced(0, 0),
        "is_imported": is_imported,
        "changes": {},
        "created_by": created_by,
        "created_at": created_at,
    }
    return await _insert_numbered(fields, code)


async def _insert_numbered(fields: Document, code: str | None) -> Post:
    # the lock avoids collisions within one process; the unique indexes decide between processes
    async with current_database().numbering:
        for _ in range(_TRIES):
            number = await _next_number()
            words = post_words(number, fields["title"], fields["description"])
            document = to_stored({**fields, "code": code or new_code(), "number": number, "words": words})
            with suppress(AlreadyThere):
                await _posts().insert_one(document)
                return Post.model_validate(document)
            if code is not None and (made := await find(code)) is not None:
                return made
    raise AlreadyThere(f"posts: no free number or code in {_TRIES} tries")


async def _next_number() -> int:
    # a range: a number that was stored as a text sorts above all
    highest = await _posts().find_one({"number": {"$gt": 0}}, sort=[("number", -1)], projection=["number"])
    return 1 if highest is None else int(highest["number"]) + 1


async def open_post(code: str, source: str | None = None, *, opening: int | None = None) -> Post | None:
    """Return the live post of a link and count one more opening in the same atomic update; None when there is none.

    `opening`: id of the update; one of the post's last OPENINGS_KEPT is not counted again. None: the post is only read,
    no link was opened. `source`: of the link; counted in the same update, if `add_source` made it known to the post.
    One command; a second one for a source that is not known, one more when nothing is counted.
    """
    live: Document = {"code": code, "status": PostStatus.LIVE}
    if opening is not None:
        first: Document = {**live, "openings": {"$ne": opening}}
        kept: Document = {"openings": {"$each": [opening], "$slice": -OPENINGS_KEPT}}
        if source is not None:
            counted = f"sources.{_checked(source)}"
            of_source: Document = {"$inc": {"opened": 1, counted: 1}, "$push": kept}
            found = await _posts().find_one_and_update({**first, counted: {"$exists": True}}, of_source)
            if found is not None:
                return await _record(found)
        found = await _posts().find_one_and_update(first, {"$inc": {"opened": 1}, "$push": kept})
        if found is not None:
            return await _record(found)
    return await _record(await _posts().find_one(live))


async def find(code: str) -> Post | None:
    """Return the post with this code, in any status, without counting a view; None when there is none."""
    return await _record(await _posts().find_one({"code": code}))


async def titles(codes: Iterable[str]) -> dict[str, str]:
    """Return titles by code, of posts in any status, without unknown codes; one read, none without codes."""
    distinct = sorted(set(codes))
    if not distinct:
        return {}
    found = await _posts().find({"code": {"$in": distinct}}, limit=len(distinct), projection=["code", "title"])
    return {document["code"]: str(document.get("title", "")) for document in found}


async def set_option(
    code: str, field: PostField, value: Any, *, expected: Any, by: int, at: datetime
) -> OptionChanged | OptionDiffers | None:
    """Change one field if it still has the value `expected`; None when there is no post. Atomic; two commands.

    A field that has `value` already counts as changed, so that a second press, or one whose answer was lost, is none.
    """
    return await set_seen(code, field, value, is_seen=lambda current: current == expected, by=by, at=at)


async def set_seen(
    code: str, field: PostField, value: Any, *, is_seen: Callable[[Any], bool], by: int, at: datetime
) -> OptionChanged | OptionDiffers | None:
    """Change one field like `set_option`, if `is_seen` says that its value is the one a screen showed."""
    return await _change(code, field, value, FieldChange(by=by, at=at), is_seen)


async def _change(
    code: str, field: PostField, value: Any, change: FieldChange, is_expected: Callable[[Any], bool]
) -> OptionChanged | OptionDiffers | None:
    """Change a field whose value `is_expected`."""
    for _ in range(_TRIES):
        document = await _posts().find_one({"code": code})
        post = await _record(document)
        if document is None or post is None:
            return None
        current = getattr(post, field)
        if current == value:
            return OptionChanged(post, current)
        if not is_expected(current):
            return OptionDiffers(post, post.changes.get(field))
        update: Document = {
            field.value: value.model_dump() if isinstance(value, Record) else value,
            f"changes.{field.value}": change.model_dump(),
        }
        unchanged: Document = {"code": code, field.value: document.get(field.value)}
        if field in _WORDED:
            # the words come from both: the other one must not change in between
            unchanged |= {one.value: document.get(one.value) for one in _WORDED}
            texts = {one: getattr(post, one) for one in _WORDED} | {field: value}
            update["words"] = post_words(post.number, texts[PostField.TITLE], texts[PostField.DESCRIPTION])
        changed = await _record(await _posts().find_one_and_update(unchanged, {"$set": update}))
        if changed is not None:
            return OptionChanged(changed, current)
    raise StoreUnavailable(f"change {field.value} of a post: concurrent writers were faster {_TRIES} times")


async def add_source(code: str, name: str) -> Post | None:
    """Have openings by a link with the source `name` counted; atomic, may be repeated. None when there is no post.

    At most SOURCES_MAX a post: a further one is not added, and the post returned without it. Raises ValueError for a
    name that no link can have.
    """
    counted = f"sources.{_checked(name)}"
    free: Document = {
        "code": code,
        counted: {"$exists": False},
        # of a post of an older version it is missing
        "source_count": {"$not": {"$gte": SOURCES_MAX}},
    }
    added: Document = {"$set": {counted: 0}, "$inc": {"source_count": 1}}
    return await _record(await _posts().find_one_and_update(free, added)) or await find(code)


def _checked(source: str) -> str:
    """Return the source; it names a field, so it has nothing but letters and digits. Raises ValueError."""
    if not is_source(source):
        raise ValueError(f"{source!r} cannot be the source of a link")
    return source


def _announced(planned: int, published: int) -> Document:
    """Counts for the card, and what the lists compare."""
    return {
        "planned_count": planned,
        "published_count": published,
        "is_scheduled": planned > 0,
        "is_announced": published > 0,
    }


async def note_announcements(code: str, *, planned: int, published: int) -> bool:
    """Store how many announcements of the post wait and how many stand in a channel; one update, may be repeated.

    False when there is no post.
    """
    return await _posts().update_one({"code": code}, {"$set": _announced(planned, published)})


async def remove(code: str) -> Post | None:
    """Set the status to removed, which closes the link; nothing is deleted. Atomic; None when there is no post."""
    return await _record(await _posts().find_one_and_update({"code": code}, {"$set": {"status": PostStatus.REMOVED}}))


async def restore(code: str, *, unless_taken_down_since: datetime | None = None) -> Post | None:
    """Set the status of a removed post to live again; atomic. None when there is no post, or it is a draft.

    Copies that were not deleted yet when it was taken down stay until their time. `unless_taken_down_since`: None as
    well, and it stays, when it was taken down everywhere at that time or later.
    """
    condition: Document = {"code": code, "status": {"$ne": PostStatus.DRAFT}}
    if unless_taken_down_since is not None:
        condition["changes.status.at"] = {"$not": {"$gte": unless_taken_down_since}}
    live: Document = {"status": PostStatus.LIVE, "taking_down_since": None}
    return await _record(await _posts().find_one_and_update(condition, {"$set": live}))


async def discard(code: str, now: datetime) -> Post | None:
    """Delete a post that was made by accident, for good; returns it, so that its copies can be deleted. Atomic.

    None, and the post stays, when it was made UNDO_FOR ago or earlier, was ever opened, has an announcement, or was
    made of an old link.
    """
    untouched: Document = {
        "code": code,
        "created_at": {"$gt": now - UNDO_FOR},
        "opened": 0,
        "is_scheduled": False,
        "is_announced": False,
        # its messages are not copies of ours
        "is_imported": {"$ne": True},
    }
    return await _record(await _posts().find_one_and_delete(untouched))
