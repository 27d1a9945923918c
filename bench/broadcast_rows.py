"""What the bench writes into the database itself: people who came long ago, and a broadcast as an admin confirms it."""

from datetime import datetime
from typing import Any

from bench.telegram import OWNER, STORAGE
from core.broadcasts import NewBroadcast
from core.users import User


def people(first: int, count: int, joined_at: datetime) -> list[dict[str, Any]]:
    """Documents of `count` people with ascending ids from `first` on."""
    return [
        User(
            user_id=user_id,
            username=f"alice{user_id}",
            first_name="Alice",
            language="en",
            joined_at=joined_at,
            last_seen_at=joined_at,
        ).model_dump()
        for user_id in range(first, first + count)
    ]


def planned(key: str, message_id: int, now: datetime) -> NewBroadcast:
    """One stored message to everybody, now, without a progress message."""
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
