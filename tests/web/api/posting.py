"""Posts and channels for tests of the page's API."""

from typing import Any

import httpx

from core.posts import Post
from core.subscriptions import Channel
from database.operations import audit_ops, channel_ops
from tests.operations.posts.making import make
from tests.web.auth.signing import API, OWNER
from tests.web.conftest import NOW

GARDEN, GREENHOUSE = -1001, -1002
POSTS, SCHEDULE, ANNOUNCEMENTS = f"{API}/posts", f"{API}/schedule", f"{API}/announcements"


async def post(title: str = "Spring album", **more: Any) -> Post:
    return await make(title, **({"created_at": NOW} | more))


async def connect(chat_id: int = GARDEN, title: str = "Olive's Garden") -> Channel:
    return await channel_ops.connect(chat_id, title=title, username=None, added_by=OWNER, added_at=NOW)


async def actions() -> list[str]:
    """What the audit log has, the latest first."""
    return [entry.action for entry in await audit_ops.last(20)]


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")
