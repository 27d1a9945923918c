"""A batch while it is collected: pure, kept in the conversation's state so that a restart loses nothing."""

import secrets
from enum import Enum, auto
from typing import Any

from pydantic import ValidationError

from core.posts import ITEMS_MAX
from core.records import Record
from views.posts.batch_texts import BATCH_MIN


class Added(Enum):
    """What became of a message. A closed list."""

    ADDED = auto()
    #: known already: the update came twice
    REPEATED = auto()
    FULL = auto()
    #: the album would not fit whole; what was added of it is taken back
    ALBUM_TOO_BIG = auto()
    #: another item of an album that did not fit
    REFUSED_BEFORE = auto()


class DraftItem(Record):
    message_id: int
    group_id: str | None = None


class Draft(Record):
    """Collected messages. Frozen: adding makes a new one."""

    id: str
    items: tuple[DraftItem, ...] = ()
    #: the title of the earliest message that has one, and which message that is
    title: str | None = None
    title_from: int | None = None
    status_message_id: int | None = None
    #: the code and number of the post that gets this content; None for a new post
    replaces: str | None = None
    replaces_number: int | None = None
    refused_groups: tuple[str, ...] = ()

    @property
    def message_ids(self) -> tuple[int, ...]:
        """In the order they were sent, however their updates came."""
        return tuple(sorted(item.message_id for item in self.items))

    @property
    def is_enough(self) -> bool:
        return len(self.items) >= (1 if self.replaces else BATCH_MIN)

    def add(self, message_id: int, group_id: str | None, title: str | None) -> tuple["Draft", Added]:
        """The draft with one message more, and what became of it. Albums are added whole or not at all."""
        if any(item.message_id == message_id for item in self.items):
            return self, Added.REPEATED
        if group_id is not None and group_id in self.refused_groups:
            return self, Added.REFUSED_BEFORE
        if len(self.items) >= ITEMS_MAX:
            return self._without_group(group_id), Added.FULL if group_id is None else Added.ALBUM_TOO_BIG
        change: dict[str, Any] = {"items": (*self.items, DraftItem(message_id=message_id, group_id=group_id))}
        if title and (self.title_from is None or message_id < self.title_from):
            change |= {"title": title, "title_from": message_id}
        return self.model_copy(update=change), Added.ADDED

    def _without_group(self, group_id: str | None) -> "Draft":
        if group_id is None:
            return self
        kept = tuple(item for item in self.items if item.group_id != group_id)
        return self.model_copy(update={"items": kept, "refused_groups": (*self.refused_groups, group_id)})

    def groups(self) -> dict[str, frozenset[int]]:
        """The albums in it: group id -> message ids."""
        found: dict[str, set[int]] = {}
        for item in self.items:
            if item.group_id is not None:
                found.setdefault(item.group_id, set()).add(item.message_id)
        return {group_id: frozenset(ids) for group_id, ids in found.items()}


def new_draft(*, replaces: str | None = None, replaces_number: int | None = None) -> Draft:
    return Draft(id=secrets.token_hex(4), replaces=replaces, replaces_number=replaces_number)


def read_draft(stored: Any) -> Draft | None:
    """The draft in a conversation's data; None when there is none or it is of another version."""
    if stored is None:
        return None
    try:
        return Draft.model_validate(stored)
    except ValidationError:
        return None
