"""An open batch: pure, stored with the conversation so that a restart loses nothing."""

import secrets
from enum import Enum, auto
from operator import attrgetter
from typing import Any

from pydantic import Field, ValidationError

from core.ids import new_code
from core.posts import ITEMS_MAX, Post, PostItem
from core.records import Record
from views.posts.batch_texts import BATCH_MIN


class AddOutcome(Enum):
    """What became of a message that was added. A closed list."""

    ADDED = auto()
    #: in the batch already: the update was delivered twice
    REPEATED = auto()
    #: the batch has as many messages as a post can hold
    FULL = auto()
    #: the album does not fit whole; its earlier messages were removed from the batch
    ALBUM_TOO_BIG = auto()
    #: another message of an album that did not fit
    REFUSED_BEFORE = auto()


class BatchItem(Record):
    """One collected message. `group_id`: its media group, None outside of albums."""

    message_id: int
    group_id: str | None = None
    content: PostItem = PostItem()


class StoredCopies(Record):
    """Copies in the storage channel that are not in a post yet."""

    chat_id: int
    message_ids: tuple[int, ...]
    #: the messages they are copies of
    sources: tuple[int, ...]


class BatchDraft(Record):
    """Collected messages. Frozen: `add` returns a new one."""

    id: str
    #: of the post that is made of them: chosen before, so that `Done` makes one post however often it is pressed
    code: str = Field(default_factory=new_code)
    items: tuple[BatchItem, ...] = ()
    #: the title of the earliest message that has one, and the id of that message
    title: str | None = None
    title_from: int | None = None
    status_message_id: int | None = None
    #: the code and number of the post whose content is replaced; None for a new post
    replaces: str | None = None
    replaces_number: int | None = None
    #: the same of the post the messages are added to
    adds_to: str | None = None
    adds_to_number: int | None = None
    #: copies of these messages, made by a `Done` that did not come to its end
    stored: StoredCopies | None = None
    #: albums that did not fit
    refused_groups: tuple[str, ...] = ()

    @property
    def message_ids(self) -> tuple[int, ...]:
        """In the order they were sent, whatever the order of their updates."""
        return tuple(sorted(item.message_id for item in self.items))

    @property
    def contents(self) -> tuple[PostItem, ...]:
        """What each message is, in the order of `message_ids`."""
        return tuple(item.content for item in sorted(self.items, key=attrgetter("message_id")))

    @property
    def is_enough(self) -> bool:
        """Whether it has enough messages to be finished."""
        return len(self.items) >= BATCH_MIN

    @property
    def copies(self) -> StoredCopies | None:
        """The copies of exactly the messages it has now; None when they are yet to be made."""
        return self.stored if self.stored is not None and self.stored.sources == self.message_ids else None

    def add(
        self, message_id: int, group_id: str | None, title: str | None, content: PostItem | None = None
    ) -> tuple["BatchDraft", AddOutcome]:
        """Add a message; returns the new draft and the outcome. Albums are added whole or not at all."""
        if any(item.message_id == message_id for item in self.items):
            return self, AddOutcome.REPEATED
        if group_id is not None and group_id in self.refused_groups:
            return self, AddOutcome.REFUSED_BEFORE
        if len(self.items) >= ITEMS_MAX:
            return self._without_group(group_id), AddOutcome.FULL if group_id is None else AddOutcome.ALBUM_TOO_BIG
        item = BatchItem(message_id=message_id, group_id=group_id, content=content or PostItem())
        change: dict[str, Any] = {"items": (*self.items, item)}
        if title and (self.title_from is None or message_id < self.title_from):
            change |= {"title": title, "title_from": message_id}
        return self.model_copy(update=change), AddOutcome.ADDED

    def _without_group(self, group_id: str | None) -> "BatchDraft":
        if group_id is None:
            return self
        kept = tuple(item for item in self.items if item.group_id != group_id)
        return self.model_copy(update={"items": kept, "refused_groups": (*self.refused_groups, group_id)})

    def groups(self) -> dict[str, frozenset[int]]:
        """Return the albums in the batch: group id -> message ids."""
        found: dict[str, set[int]] = {}
        for item in self.items:
            if item.group_id is not None:
                found.setdefault(item.group_id, set()).add(item.message_id)
        return {group_id: frozenset(ids) for group_id, ids in found.items()}


def new_batch_draft() -> BatchDraft:
    """Return a draft of a new post."""
    return BatchDraft(id=secrets.token_hex(4))


def draft_for(post: Post, *, replaces: bool) -> BatchDraft:
    """Return a draft of messages for a post: of all of them, or of more."""
    if replaces:
        return BatchDraft(id=secrets.token_hex(4), replaces=post.code, replaces_number=post.number)
    return BatchDraft(id=secrets.token_hex(4), adds_to=post.code, adds_to_number=post.number)


def read_batch_draft(stored: Any) -> BatchDraft | None:
    """Read the draft stored with a conversation; None if there is none or it is of another version."""
    if stored is None:
        return None
    try:
        return BatchDraft.model_validate(stored)
    except ValidationError:
        return None
