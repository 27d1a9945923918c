"""The draft of an announcement, stored with the conversation so that a restart loses nothing. Times are aware UTC."""

import hashlib
import secrets
from datetime import datetime
from typing import Any, Self

from pydantic import Field, ValidationError

from core.announcements import LEAVES_AFTER_MAX, TARGETS_MAX, CoverMessage
from core.records import Record
from views.publishing.callbacks import DRAFT_LENGTH, FINGERPRINT_LENGTH

#: drafts kept at once, one a post; the oldest is dropped
DRAFTS_MAX = 5
#: fields about messages in the admin's chat; they are no part of what is published
_CHAT_FIELDS = {"screen_id", "preview_id"}


class PublishDraft(Record):
    """What an admin has chosen so far for one post. Frozen: a change returns a new one."""

    #: becomes the key of the announcements
    id: str
    code: str
    number: int
    title: str = ""
    #: the channels it goes to
    chat_ids: tuple[int, ...] = Field(default=(), max_length=TARGETS_MAX)
    #: HTML
    text: str
    cover: CoverMessage | None = None
    label: str
    #: chosen for this announcement; what is not follows the post and the settings
    has_own_text: bool = False
    has_own_cover: bool = False
    has_own_label: bool = False
    #: None: at once
    publish_at: datetime | None = None
    #: that time was free in the slots of a channel when it was chosen
    is_slot: bool = False
    leaves_after_minutes: int = Field(default=0, ge=0, le=LEAVES_AFTER_MAX)
    silent: bool = False
    pin: bool = False
    #: also where the post is announced already
    again: bool = False
    #: the message that shows the draft, and the preview above it
    screen_id: int | None = None
    preview_id: int | None = None

    @property
    def fingerprint(self) -> str:
        """A hash of what is published: a confirmation is valid only for the draft its screen showed."""
        content = self.model_dump_json(exclude=_CHAT_FIELDS)
        return hashlib.sha256(content.encode()).hexdigest()[:FINGERPRINT_LENGTH]

    def changed(self, **fields: Any) -> Self:
        """Return the draft with other values. They are not validated."""
        return self.model_copy(update=fields)


def new_draft_id() -> str:
    """Return a new id of a draft."""
    return secrets.token_hex(DRAFT_LENGTH // 2)


def read_publish_drafts(stored: Any) -> dict[str, PublishDraft]:
    """Read the drafts stored with a conversation, by id; those of another version are left out."""
    found = {}
    for name, one in stored.items() if isinstance(stored, dict) else ():
        try:
            found[str(name)] = PublishDraft.model_validate(one)
        except ValidationError:
            continue
    return found
