"""Documents the bench writes itself: subscribers, and a broadcast as an admin confirms it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bench.harness.telegram import OWNER, STORAGE
from core.broadcasts import NewBroadcast
from core.users import User

#: documents in one insert
BATCH = 1000


def subscribers(first: int, count: int, joined_at: datetime) -> Iterator[list[dict[str, Any]]]:
    """Batches of documents of `count` subscribers with ascending ids from `first` on."""
    for start in range(first, first + count, BATCH):
        yield [_subscriber(user_id, joined_at) for user_id in range(start, min(start + BATCH, first + count))]


def _subscriber(user_id: int, joined_at: datetime) -> dict[str, Any]:
    user = User(
        user_id=user_id,
        username=f"alice{user_id}",
        first_name="Alice",
        language="en",
        joined_at=joined_at,
        last_seen_at=joined_at,
    )
    return user.model_dump()


def new_broadcast(key: str, message_id: int, now: datetime) -> NewBroadcast:
    """One stored message to everyone, now, without a progress message."""
    return NewBroadcast(
        key=key,
        title="A broadcast",
        source_chat_id=STORAGE,
        message_ids=(message_id,),
        created_by=OWNER,
        created_at=now,
        send_at=now,
        progress_chat_id=OWNER,
    )
