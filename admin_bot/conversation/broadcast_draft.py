"""A broadcast that is being composed: pure, stored with the conversation so that a restart loses nothing."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field, ValidationError

from core.broadcasts import MESSAGES_MAX, LinkButton, NewBroadcast
from core.records import Record
from core.segments import Segment

#: characters of a draft's id, and of its fingerprint
ID_LENGTH, FINGERPRINT_LENGTH = 16, 8
#: fields about messages in the admin's chat; they are no part of the broadcast
_CHAT_FIELDS = {"screen_id", "preview_ids", "taken_from"}


class BroadcastDraft(Record):
    """What an admin has composed so far. Frozen: a change returns a new one. Times are aware UTC."""

    #: becomes the key of the broadcast
    id: str
    #: its messages, in the storage channel
    chat_id: int
    message_ids: tuple[int, ...] = Field(min_length=1, max_length=MESSAGES_MAX)
    #: the admin's own messages they were copied from
    taken_from: tuple[int, ...] = ()
    title: str
    buttons: tuple[LinkButton, ...] = ()
    segment: Segment = Segment()
    silent: bool = False
    pin: bool = False
    #: minutes until each copy is deleted; 0: never
    lifetime_minutes: int = 0
    #: None: at once after the confirmation
    send_at: datetime | None = None
    #: the message that shows the draft, and the preview copies above it
    screen_id: int | None = None
    preview_ids: tuple[int, ...] = ()

    @property
    def is_album(self) -> bool:
        return len(self.message_ids) > 1

    @property
    def calls_each(self) -> int:
        """Calls to Telegram per recipient."""
        return 2 if self.pin else 1

    @property
    def fingerprint(self) -> str:
        """A hash of content, audience and time: a confirmation is valid only for the draft its screen showed."""
        content = self.model_dump_json(exclude=_CHAT_FIELDS)
        return hashlib.sha256(content.encode()).hexdigest()[:FINGERPRINT_LENGTH]

    def has_stop_button(self, setting: bool) -> bool:
        """Return whether the copies get the button that turns news off: as `setting` says, never below an album."""
        return setting and not self.is_album

    def is_late(self, now: datetime) -> bool:
        """Return whether its time has passed."""
        return self.send_at is not None and self.send_at <= now

    def changed(self, **fields: Any) -> Self:
        """Return the draft with other values. They are not validated."""
        return self.model_copy(update=fields)

    def with_content(
        self, chat_id: int, message_ids: Sequence[int], taken_from: Sequence[int], title: str
    ) -> "BroadcastDraft":
        """Return the draft with another message. Everything else stays; an album loses the buttons."""
        return self.changed(
            chat_id=chat_id,
            message_ids=tuple(message_ids),
            taken_from=tuple(taken_from),
            title=title,
            buttons=self.buttons if len(message_ids) == 1 else (),
        )

    def to_broadcast(
        self, admin_id: int, now: datetime, *, has_stop_button: bool, screen_id: int | None
    ) -> NewBroadcast:
        """Return the row of the broadcast. `has_stop_button`: the setting; `screen_id`: the later progress message."""
        return NewBroadcast(
            key=self.id,
            title=self.title,
            source_chat_id=self.chat_id,
            message_ids=self.message_ids,
            buttons=self.buttons,
            has_stop_button=self.has_stop_button(has_stop_button),
            segment=self.segment,
            silent=self.silent,
            pin=self.pin,
            created_by=admin_id,
            created_at=now,
            send_at=self.send_at or now,
            lifetime_minutes=self.lifetime_minutes,
            progress_chat_id=admin_id,
            progress_message_id=screen_id,
        )


def new_broadcast_draft(
    chat_id: int, message_ids: Sequence[int], taken_from: Sequence[int], title: str
) -> BroadcastDraft:
    """Return a new draft of messages in the storage channel: to every subscriber, at once, never deleted."""
    return BroadcastDraft(
        id=secrets.token_hex(ID_LENGTH // 2),
        chat_id=chat_id,
        message_ids=tuple(message_ids),
        taken_from=tuple(taken_from),
        title=title,
    )


def read_broadcast_draft(stored: Any) -> BroadcastDraft | None:
    """Read the draft stored with a conversation; None if there is none or it is of another version."""
    if stored is None:
        return None
    try:
        return BroadcastDraft.model_validate(stored)
    except ValidationError:
        return None
