"""A broadcast while it is put together: pure, kept in the conversation's data so that a restart loses nothing."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field, ValidationError

from core.broadcasts import MESSAGES_MAX, LinkButton, NewBroadcast
from core.records import Record
from core.segments import Segment

#: characters of a draft's id, and of the fingerprint of what it says
ID_LENGTH, FINGERPRINT_LENGTH = 16, 8
#: what is where in the admin's chat; no part of what is sent
_PLACES = {"screen_id", "preview_ids", "taken_from"}


class BroadcastDraft(Record):
    """What an admin has put together so far. Frozen: a change makes a new one. Times are aware UTC."""

    #: the key of the broadcast it becomes
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
    #: minutes each copy stays; 0: for good
    lifetime_minutes: int = 0
    #: None: as soon as it is confirmed
    send_at: datetime | None = None
    #: the one message that shows it, and the copies above it
    screen_id: int | None = None
    preview_ids: tuple[int, ...] = ()

    @property
    def is_album(self) -> bool:
        return len(self.message_ids) > 1

    @property
    def calls_each(self) -> int:
        """Calls to Telegram one recipient takes."""
        return 2 if self.pin else 1

    @property
    def fingerprint(self) -> str:
        """Changes with whatever is sent, to whom and when: a confirmation holds for what was on the screen."""
        said = self.model_dump_json(exclude=_PLACES)
        return hashlib.sha256(said.encode()).hexdigest()[:FINGERPRINT_LENGTH]

    def has_stop_button(self, setting: bool) -> bool:
        """Whether it gets the button against more news: as the setting says, and an album has no buttons."""
        return setting and not self.is_album

    def is_late(self, now: datetime) -> bool:
        """True when the time it should be sent at has passed."""
        return self.send_at is not None and self.send_at <= now

    def changed(self, **fields: Any) -> Self:
        """The draft with other fields. They are not checked again."""
        return self.model_copy(update=fields)

    def with_content(
        self, chat_id: int, message_ids: Sequence[int], taken_from: Sequence[int], title: str
    ) -> "BroadcastDraft":
        """The draft with another message; everything else stays, but for buttons an album cannot have."""
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
        """The row it becomes. `has_stop_button` is the setting; `screen_id` turns into the progress message."""
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
    """A fresh draft of messages that stand in the storage channel: to everybody, now, for good."""
    return BroadcastDraft(
        id=secrets.token_hex(ID_LENGTH // 2),
        chat_id=chat_id,
        message_ids=tuple(message_ids),
        taken_from=tuple(taken_from),
        title=title,
    )


def read_broadcast_draft(stored: Any) -> BroadcastDraft | None:
    """The draft in a conversation's data; None when there is none or it is of another version."""
    if stored is None:
        return None
    try:
        return BroadcastDraft.model_validate(stored)
    except ValidationError:
        return None
