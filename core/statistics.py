"""Daily statistics: the counters and their names in `daily_stats.counters`."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from core.records import Record


class Count(StrEnum):
    """Counters the statistics job writes; a closed list. Those of one day first, then totals at its end."""

    NEW_USERS = "new_users"
    #: users who wrote to the user bot or pressed a button on that day
    ACTIVE_USERS = "active_users"
    #: posts delivered
    DELIVERIES = "deliveries"
    #: verification tokens created
    TOKENS = "tokens"
    VERIFIED = "verified"
    BYPASSED = "bypassed"
    #: broadcasts whose sending started
    BROADCASTS = "broadcasts"
    #: copies of broadcasts that arrived
    BROADCAST_COPIES = "broadcast_copies"
    #: all stored users
    USERS = "users"
    BLOCKED_USERS = "blocked_users"
    POSTS = "posts"
    #: bytes of the database on disk, as the server reports; absent in memory
    DATABASE_BYTES = "database_bytes"


class TopPost(Record):
    """One of the posts with most deliveries on a day."""

    code: str
    title: str
    deliveries: int


class DayStats(Record):
    """The statistics of one day. A counter that was not written is 0."""

    #: midnight of the day in TIMEZONE, as aware UTC
    date: datetime
    counters: dict[str, int] = Field(default_factory=dict)
    top_posts: tuple[TopPost, ...] = ()

    def count(self, name: Count) -> int:
        return self.counters.get(name, 0)
