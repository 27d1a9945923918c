"""What is counted of a day: the counters and their names in `daily_stats.counters`. Definitions: decision 0035."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from core.records import Record


class Count(StrEnum):
    """Counters of a day; a closed list."""

    #: subscribers at their first Start
    NEW_USERS = "new_users"
    #: subscribers who blocked the bot
    BLOCKED = "newly_blocked"
    #: one subscriber, one post, one day; each of the next three is a part of the one before it
    TRIES = "tries"
    JOINED = "joined"
    UNLOCKED = "unlocked"
    DELIVERED = "delivered"
    #: unlocks that were finished and paid
    UNLOCKS = "unlocks"
    #: unlocks whose first page was too fast, and those of them that were paid by the free page after it
    TOO_FAST = "too_fast"
    MENDED = "mended"
    #: announcements published
    ANNOUNCEMENTS = "announcements"
    #: broadcasts whose sending started
    BROADCASTS = "broadcasts"
    #: copies of broadcasts that arrived
    BROADCAST_COPIES = "broadcast_copies"
    #: subscribers seen on that day, and in the 7 and 30 days that ended with it: each once, kept at its midnight
    ACTIVE_USERS = "active_users"
    ACTIVE_7 = "active_7"
    ACTIVE_30 = "active_30"
    #: at the end of the day: all subscribers, those who have blocked the bot, and live posts
    USERS = "users"
    BLOCKED_USERS = "blocked_users"
    POSTS = "posts"
    #: bytes of the database on disk, as the server reports; absent in memory
    DATABASE_BYTES = "database_bytes"


#: days whose active subscribers are kept at each midnight -> the counter
ACTIVE = {1: Count.ACTIVE_USERS, 7: Count.ACTIVE_7, 30: Count.ACTIVE_30}


class SourceDay(Record):
    """What came by links with one source on a day."""

    new: int = 0
    tries: int = 0
    delivered: int = 0


class TopPost(Record):
    """One of the posts delivered most."""

    code: str
    title: str
    deliveries: int


class DayStats(Record):
    """The statistics of one day. A counter that was not written is 0."""

    #: midnight of the day in TIMEZONE, as aware UTC
    date: datetime
    counters: dict[str, int] = Field(default_factory=dict)
    #: by the name in the link
    sources: dict[str, SourceDay] = Field(default_factory=dict)
    top_posts: tuple[TopPost, ...] = ()
    #: False: counted by an older version, from rows that changed later; it has no tries, unlocks and announcements
    is_by_event: bool = False

    def count(self, name: Count) -> int:
        return self.counters.get(name, 0)
