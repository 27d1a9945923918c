"""The numbers of a day: what is counted, and under which name (`daily_stats.counters`)."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from core.records import Record


class Count(StrEnum):
    """Counters the statistics job writes; a closed list. Those of one day first, then totals as the day ended."""

    NEW_USERS = "new_users"
    #: users who wrote to the user bot or pressed something on that day
    ACTIVE_USERS = "active_users"
    #: posts handed over
    DELIVERIES = "deliveries"
    #: verification tokens made
    TOKENS = "tokens"
    VERIFIED = "verified"
    BYPASSED = "bypassed"
    #: broadcasts whose sending began
    BROADCASTS = "broadcasts"
    #: copies of broadcasts that arrived
    BROADCAST_COPIES = "broadcast_copies"
    #: all users ever seen and kept
    USERS = "users"
    BLOCKED_USERS = "blocked_users"
    POSTS = "posts"
    #: bytes the database takes on disk, as the server says; absent in memory
    DATABASE_BYTES = "database_bytes"


class TopPost(Record):
    """One of the posts that were delivered most on a day."""

    code: str
    title: str
    deliveries: int


class DayStats(Record):
    """One day. A counter that was never written is 0."""

    #: midnight of the day in TIMEZONE, as aware UTC
    date: datetime
    counters: dict[str, int] = Field(default_factory=dict)
    top_posts: tuple[TopPost, ...] = ()

    def count(self, name: Count) -> int:
        return self.counters.get(name, 0)
