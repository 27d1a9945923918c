"""Making posts and changing their messages: messages are copied into the storage channel, then a row is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from cachetools import FIFOCache

from admin_bot.audit import note
from admin_bot.storage.copier import Copier, NotStored, Stored
from core.announcements import STANDING
from core.clock import Clock
from core.errors import NotReady, StoreUnavailable, TollgateError
from core.posts import Content, Post, PostItem, appended, without
from database.operations import announcement_ops
from database.operations.posts import post_content, post_ops
from database.operations.posts.post_content import Unused, joined
from views.html import esc
from views.posts import content_texts

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


#: posts whose undo is ended at one change
_EXPIRED_MAX = 20

#: a chat and messages in it, in order
Source = tuple[int, tuple[int, ...]]


class PostMaker:
    """Turns messages of an admin's chat into posts, and into messages of posts.

    Copies nobody can bring back any more are deleted at the next change, whichever post that is of.
    """

    def __init__(self, copier: Copier, clock: Clock) -> None:
        self._copier = copier
        self._clock = clock
        self._kept: FIFOCache[Source, Stored] = FIFOCache(KEPT_MAX)

    async def make(
        self,
        admin_id: int,
        chat_id: int,
        message_ids: Sequence[int],
        title: str,
        items: Sequence[PostItem] = (),
        *,
        code: str | None = None,
    ) -> Made | NotMade:
        """Copy the messages and create a live post. Not atomic: the copies are deleted again when no post is created.

        `items`: what each message is, in the order of their ids. `code`: of the new post; a post that has it already
        is the one an earlier call made. Raises StoreUnavailable: the copies are kept, and a call with the same messages
        uses them.
        """
        stored = await self.store(chat_id, message_ids)
        if isinstance(stored, NotMade):
            return stored
        now = self._clock.now()
        try:
            post = await post_ops.create(
                title=title,
                storage_chat_id=stored.chat_id,
                message_ids=stored.message_ids,
                items=_items(stored, items),
                created_by=admin_id,
                created_at=now,
                code=code,
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
        self, admin_id: int, post: Post, chat_id: int, message_ids: Sequence[int], items: Sequence[PostItem] = ()
    ) -> Made | NotMade | None:
        """Give a post new messages; the old ones can be brought back. None: the post is gone.

        Raises StoreUnavailable like `make`.
        """
        return await self._change_with(admin_id, post, (chat_id, tuple(message_ids)), items, "post.items_replaced")

    async def append(
        self, admin_id: int, post: Post, chat_id: int, message_ids: Sequence[int], items: Sequence[PostItem] = ()
    ) -> Made | NotMade | None:
        """Add messages at the end of a post; they can be taken out again. None: the post is gone.

        Raises StoreUnavailable like `make`.
        """
        return await self._change_with(admin_id, post, (chat_id, tuple(message_ids)), items, "post.items_added")

    async def take_out(self, admin_id: int, post: Post, message_id: int) -> Made | NotMade | None:
        """Take one message out of a post; it can be brought back. None: the post is gone.

        A message that is not in the post any more was taken out already. Raises StoreUnavailable.
        """
        if message_id not in post.message_ids:
            return Made(post)
        content = without(post.content, message_id)
        if content is None:
            return NotMade(content_texts.last_one())
        return await self._write(admin_id, post, content, "post.item_taken_out")

    async def undo(self, admin_id: int, post: Post) -> Made | NotMade | None:
        """Bring back the messages the post had before their last change. None: the post is gone.

        Raises StoreUnavailable.
        """
        changed = await post_content.undo_content(post, self._clock.now())
        if changed is None:
            return None if await post_ops.find(post.code) is None else NotMade(content_texts.undo_over())
        await self._note(admin_id, "post.items_undone", post, changed.post)
        await self._delete_unused(changed.unused)
        return Made(changed.post)

    async def discard(self, admin_id: int, code: str) -> bool:
        """Delete a post that was made by accident, with its copies; False when it is too late for that.

        Raises StoreUnavailable.
        """
        now = self._clock.now()
        # the post itself is told of its announcements a little later
        if await announcement_ops.find_of_post(code, STANDING, limit=1):
            return False
        post = await post_ops.discard(code, now)
        if post is None:
            return False
        await note(now, admin_id, "post.discarded", code, {"number": post.number}, None)
        await self._copier.delete_copies(Stored(post.storage_chat_id, post.message_ids))
        return True

    async def _change_with(
        self, admin_id: int, post: Post, source: Source, items: Sequence[PostItem], action: str
    ) -> Made | NotMade | None:
        stored = await self.store(*source)
        if isinstance(stored, NotMade):
            return stored
        content = Content(
            storage_chat_id=stored.chat_id, message_ids=stored.message_ids, items=tuple(_items(stored, items))
        )
        if action == "post.items_added" and post.message_ids[-len(stored.message_ids) :] != stored.message_ids:
            longer = appended(post.content, content)
            if longer is None:
                await self._copier.delete_copies(stored)
                return NotMade(content_texts.does_not_fit(post, len(stored.message_ids)))
            content = longer
        elif action == "post.items_added":
            # after a lost answer of the database they were added already
            content = post.content
        try:
            return await self._write(admin_id, post, content, action, stored)
        except StoreUnavailable:
            self._kept[_source(*source)] = stored
            raise

    async def _write(
        self, admin_id: int, post: Post, content: Content, action: str, stored: Stored | None = None
    ) -> Made | NotMade | None:
        """Write the new content; the copies made for it are deleted when another change was faster."""
        now = self._clock.now()
        changed = await post_content.change_content(post, content, by=admin_id, at=now)
        if changed is None:
            if stored is not None:
                await self._copier.delete_copies(stored)
            return None if await post_ops.find(post.code) is None else NotMade(content_texts.changed_meanwhile())
        await self._note(admin_id, action, post, changed.post)
        await self._delete_unused((*changed.unused, *await post_content.pop_expired_undos(now, _EXPIRED_MAX)))
        return Made(changed.post)

    async def _note(self, admin_id: int, action: str, before: Post, after: Post) -> None:
        old, new = {"items": before.item_count}, {"items": after.item_count}
        await note(self._clock.now(), admin_id, action, after.code, old, new)

    async def _delete_unused(self, unused: Sequence[Unused]) -> None:
        for one in joined(unused):
            await self._copier.delete_copies(Stored(one.chat_id, one.message_ids))

    def keep(self, chat_id: int, message_ids: Sequence[int], stored: Stored) -> None:
        """Have the next call with these messages use copies that were made before."""
        self._kept[_source(chat_id, message_ids)] = stored

    async def drop(self, stored: Stored) -> None:
        """Delete copies that become part of no post."""
        await self._copier.delete_copies(stored)

    async def store(self, chat_id: int, message_ids: Sequence[int]) -> Stored | NotMade:
        """Copy the messages into the storage channel; those that were kept are not copied again."""
        kept = self._kept.pop(_source(chat_id, message_ids), None)
        if kept is not None:
            return kept
        try:
            stored = await self._copier.store(chat_id, message_ids)
        except NotReady as error:
            return NotMade(esc(error.sentence))
        return NotMade(stored.sentence) if isinstance(stored, NotStored) else stored


def _items(stored: Stored, items: Sequence[PostItem]) -> Sequence[PostItem]:
    """Return one item for each copy; empty ones when it is not known what they are."""
    return items if len(items) == len(stored.message_ids) else [PostItem()] * len(stored.message_ids)


def _source(chat_id: int, message_ids: Sequence[int]) -> Source:
    return chat_id, tuple(sorted(message_ids))
