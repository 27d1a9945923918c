"""The messages of a post (collection `posts`): added to, taken out, replaced, and brought back for ten minutes.

The copies in the storage channel are the caller's: each function says which of them no post uses any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.posts import UNDO_FOR, Content, ContentUndo, Cover, Post, is_cover_of, left_over, undoable
from database.collection import Collection
from database.connection import current_database
from database.operations.posts.post_ops import READ
from database.readable import find_records, record_of
from database.values import Document


@dataclass(frozen=True, slots=True)
class Unused:
    """Messages of the storage channel that no post has any more, neither now nor by an undo."""

    chat_id: int
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ContentChanged:
    """The post has other messages now. What is `unused` may be deleted."""

    post: Post
    unused: tuple[Unused, ...] = ()


def _posts() -> Collection:
    return current_database().collection("posts")


def _unchanged(post: Post) -> Document:
    """The condition under which the content and its undo are still those of `post`."""
    undo = post.content_undo
    same_undo: Document = {"content_undo": None} if undo is None else {"content_undo.until": undo.until}
    return {
        "code": post.code,
        "storage_chat_id": post.storage_chat_id,
        "message_ids": list(post.message_ids),
        **same_undo,
    }


def _stored(content: Content, cover: Cover | None) -> Document:
    return {
        "storage_chat_id": content.storage_chat_id,
        "message_ids": list(content.message_ids),
        "item_count": len(content.message_ids),
        "items": [item.model_dump() for item in content.items],
        "cover": None if cover is None else cover.model_dump(),
    }


def _unused(post: Post, before: Content, *in_use: Content, cover: Cover | None) -> tuple[Unused, ...]:
    """Return what can be deleted; nothing of an imported post: its messages are the old channel's, not copies of ours,
    and other old links may open them."""
    if post.is_imported:
        return ()
    ids = left_over(before, *in_use, cover=cover)
    return (Unused(before.storage_chat_id, ids),) if ids else ()


async def change_content(post: Post, content: Content, *, by: int, at: datetime) -> ContentChanged | None:
    """Give the post, as it was read, other messages; atomic. None: its messages have changed since, or it is gone.

    Link, number and counts are kept. A cover that was one of the old messages and is none of the new becomes the
    default. The old messages can be brought back by `undo_content` for UNDO_FOR; those of the change before cannot.
    A post that has these messages already counts as changed.
    """
    if content == post.content:
        return ContentChanged(post)
    loses_cover = is_cover_of(post.cover, post.content) and not is_cover_of(post.cover, content)
    cover = None if loses_cover else post.cover
    undo = ContentUndo(content=post.content, cover=post.cover, until=at + UNDO_FOR, by=by)
    fields = {**_stored(content, cover), "content_undo": undo.model_dump()}
    changed = await _posts().find_one_and_update(_unchanged(post), {"$set": fields})
    now_is = await record_of(_posts(), changed, READ)
    if now_is is None:
        return None
    earlier = post.content_undo
    unused = () if earlier is None else _unused(post, earlier.content, content, post.content, cover=cover)
    return ContentChanged(now_is, unused)


async def undo_content(post: Post, now: datetime) -> ContentChanged | None:
    """Bring back the messages the post, as it was read, had before their last change; atomic.

    None when they cannot be brought back: more than UNDO_FOR ago, changed again since, or undone already. The cover
    comes back with them, unless another one was chosen since.
    """
    undo = undoable(post, now)
    if undo is None:
        return None
    cover = undo.cover if post.cover is None or is_cover_of(post.cover, post.content) else post.cover
    fields = {**_stored(undo.content, cover), "content_undo": None}
    changed = await _posts().find_one_and_update(_unchanged(post), {"$set": fields})
    now_is = await record_of(_posts(), changed, READ)
    if now_is is None:
        return None
    return ContentChanged(now_is, _unused(post, post.content, undo.content, cover=cover))


async def pop_expired_undos(now: datetime, limit: int) -> list[Unused]:
    """End undos whose time is over and return the messages they kept: nothing can bring those back after this.

    At most `limit` posts; each one atomically. What a crash leaves between this and their deletion stays in the storage
    channel, where it harms nobody.
    """
    due: Document = {"content_undo.until": {"$lte": now}}
    unused: list[Unused] = []
    for post in await find_records(_posts(), READ, due, limit=limit, sort=[("content_undo.until", 1)]):
        ended = await _posts().update_one(_unchanged(post), {"$set": {"content_undo": None}})
        if ended and post.content_undo is not None:
            unused += _unused(post, post.content_undo.content, post.content, cover=post.cover)
    return unused


def joined(unused: Sequence[Unused]) -> list[Unused]:
    """Return one entry for each channel."""
    ids: dict[int, list[int]] = {}
    for one in unused:
        ids.setdefault(one.chat_id, []).extend(one.message_ids)
    return [Unused(chat_id, tuple(sorted(set(found)))) for chat_id, found in ids.items()]
