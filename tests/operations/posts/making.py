"""Posts as the operations leave them."""

from datetime import UTC, datetime
from typing import Any

from core.posts import Content, Post, PostItem
from database.operations.posts import post_ops

MADE_AT = datetime(2026, 3, 1, tzinfo=UTC)
STORAGE = -100
OLIVE, BOB = 501, 503


async def make(title: str = "Holiday", **more: Any) -> Post:
    usual: dict[str, Any] = {"message_ids": [4, 5, 6], "created_by": OLIVE, "created_at": MADE_AT}
    return await post_ops.create(title=title, storage_chat_id=STORAGE, **(usual | more))


async def found(post: Post) -> Post:
    stored = await post_ops.find(post.code)
    assert stored is not None
    return stored


def content(*message_ids: int, chat_id: int = STORAGE) -> Content:
    return Content(storage_chat_id=chat_id, message_ids=message_ids, items=(PostItem(),) * len(message_ids))
