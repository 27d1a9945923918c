"""Making posts: messages are copied into the storage channel, then a post with a new code is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from cachetools import FIFOCache

from admin_bot.audit import note
from admin_bot.storage.copier import Copier, NotStored, Stored
from core.clock import Clock
from core.errors import NotReady, StoreUnavailable, TollgateError
from core.posts import Post
from database.operations import post_ops
from views.html import esc

#: copies kept for a retry after the database went away; the oldest are evicted
KEPT_MAX = 500


@dataclass(frozen=True, slots=True)
class Made:
    """The post is stored."""

    post: Post


@dataclass(frozen=True, slots=True)
class NotMade:
    """There is no post; `sentence` (HTML) says why and what to do."""

    sentence: str


#: a chat and messages in it, in order
Source = tuple[int, tuple[int, ...]]


class PostMaker:
    """Turns messages of an admin's chat into posts."""

    def __init__(self, copier: Copier, clock: Clock) -> None:
        self._copier = copier
        self._clock = clock
        self._kept: FIFOCache[Source, Stored] = FIFOCache(KEPT_MAX)

    async def make(self, admin_id: int, chat_id: int, message_ids: Sequence[int], title: str) -> Made | NotMade:
        """Copy the messages and create a live post. Not atomic: the copies are deleted again when no post is created.

        Raises StoreUnavailable: the copies are kept, and a call with the same messages uses them.
        """
        stored = await self._store(chat_id, message_ids)
        if isinstance(stored, NotMade):
            return stored
        now = self._clock.now()
        try:
            post = await post_ops.create(
                title=title,
                storage_chat_id=stored.chat_id,
                message_ids=stored.message_ids,
                created_by=admin_id,
                created_at=now,
            )
        except StoreUnavailable:
            self._kept[_source(chat_id, message_ids)] = stored
            raise
        except TollgateError:
            await self._copier.delete_copies(stored)
            raise
        await note(now, admin_id, "post.made", post.code, None, {"number": post.number, "items": post.item_count})
        return Made(post)

    async def replace(
        self, admin_id: int, post: Post, chat_id: int, message_ids: Sequence[int]
    ) -> Made | NotMade | None:
        """Give a post new messages, then delete the old copies where Telegram allows it. None: the post is gone.

        Raises StoreUnavailable like `make`.
        """
        stored = await self._store(chat_id, message_ids)
        if isinstance(stored, NotMade):
            return stored
        try:
            changed = await post_ops.replace_items(post.code, stored.chat_id, stored.message_ids)
        except StoreUnavailable:
            self._kept[_source(chat_id, message_ids)] = stored
            raise
        if changed is None:
            await self._copier.delete_copies(stored)
            return None
        await self._delete_replaced(post, stored)
        before, after = {"items": post.item_count}, {"items": changed.item_count}
        await note(self._clock.now(), admin_id, "post.items_replaced", post.code, before, after)
        return Made(changed)

    async def _delete_replaced(self, post: Post, stored: Stored) -> None:
        old = set(post.message_ids)
        if post.storage_chat_id == stored.chat_id:
            # after a lost answer of the database `post` may already be the changed one
            old -= set(stored.message_ids)
        if old:
            await self._copier.delete_copies(Stored(post.storage_chat_id, tuple(sorted(old))))

    async def _store(self, chat_id: int, message_ids: Sequence[int]) -> Stored | NotMade:
        kept = self._kept.pop(_source(chat_id, message_ids), None)
        if kept is not None:
            return kept
        try:
            stored = await self._copier.store(chat_id, message_ids)
        except NotReady as error:
            return NotMade(esc(error.sentence))
        return NotMade(stored.sentence) if isinstance(stored, NotStored) else stored


def _source(chat_id: int, message_ids: Sequence[int]) -> Source:
    return chat_id, tuple(sorted(message_ids))
