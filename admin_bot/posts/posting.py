"""Making posts: messages go into the storage channel, then a post stands behind a fresh code."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from admin_bot.audit import note
from admin_bot.storage.copying import Copier, NotStored, Stored
from core.clock import Clock
from core.errors import NotReady, StoreUnavailable, TollgateError
from core.posts import Post
from database.operations import post_ops
from views.admin_texts import plain

#: copies kept for a second try when the database went away in between
KEPT_MAX = 500


@dataclass(frozen=True, slots=True)
class Made:
    """The post stands."""

    post: Post


@dataclass(frozen=True, slots=True)
class NotMade:
    """There is no post; `sentence` (HTML) says why and what to do."""

    sentence: str


Source = tuple[int, tuple[int, ...]]


class PostMaker:
    """Turns messages of an admin's chat into posts."""

    def __init__(self, copier: Copier, clock: Clock) -> None:
        self._copier = copier
        self._clock = clock
        self._kept: OrderedDict[Source, Stored] = OrderedDict()

    async def make(self, admin_id: int, chat_id: int, message_ids: Sequence[int], title: str) -> Made | NotMade:
        """Store the messages and create a live post. Not atomic: copies that no post came of are taken out again.

        Raises StoreUnavailable: the copies are kept, and calling it again with the same messages goes on from there.
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
            self._keep((chat_id, tuple(sorted(message_ids))), stored)
            raise
        except TollgateError:
            await self._copier.take_out(stored)
            raise
        await note(now, admin_id, "post.made", post.code, None, {"number": post.number, "items": post.item_count})
        return Made(post)

    async def replace(
        self, admin_id: int, post: Post, chat_id: int, message_ids: Sequence[int]
    ) -> Made | NotMade | None:
        """Give a post new messages, then delete the old ones as far as Telegram lets us. None: the post is gone.

        Raises StoreUnavailable like `make`.
        """
        stored = await self._store(chat_id, message_ids)
        if isinstance(stored, NotMade):
            return stored
        try:
            changed = await post_ops.replace_items(post.code, stored.chat_id, stored.message_ids)
        except StoreUnavailable:
            self._keep((chat_id, tuple(sorted(message_ids))), stored)
            raise
        if changed is None:
            await self._copier.take_out(stored)
            return None
        await self._take_out_replaced(post, stored)
        before, after = {"items": post.item_count}, {"items": changed.item_count}
        await note(self._clock.now(), admin_id, "post.items_replaced", post.code, before, after)
        return Made(changed)

    async def _take_out_replaced(self, post: Post, stored: Stored) -> None:
        old = set(post.message_ids)
        if post.storage_chat_id == stored.chat_id:
            # after a lost answer of the database `post` may already be the changed one
            old -= set(stored.message_ids)
        if old:
            await self._copier.take_out(Stored(post.storage_chat_id, tuple(sorted(old))))

    async def _store(self, chat_id: int, message_ids: Sequence[int]) -> Stored | NotMade:
        kept = self._kept.pop((chat_id, tuple(sorted(message_ids))), None)
        if kept is not None:
            return kept
        try:
            stored = await self._copier.store(chat_id, message_ids)
        except NotReady as error:
            return NotMade(plain(error.sentence))
        return NotMade(stored.sentence) if isinstance(stored, NotStored) else stored

    def _keep(self, source: Source, stored: Stored) -> None:
        self._kept[source] = stored
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
