"""Posts as tests need them."""

from datetime import UTC, datetime
from typing import Any

from core.posts import Post, PostField
from database.operations.posts import post_ops
from database.operations.posts.post_ops import OptionChanged

_AT = datetime(2026, 3, 1, tzinfo=UTC)


async def set_field(code: str, field: PostField, value: Any) -> Post:
    """Give a field of a post another value, whatever it has; returns the post."""
    outcome = await post_ops.set_seen(code, field, value, is_seen=lambda _: True, by=501, at=_AT)
    assert isinstance(outcome, OptionChanged)
    return outcome.post
