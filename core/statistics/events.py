"""Events, marked on the row they happen to by the update that makes them happen, and what they add to the counts.

A mark is a text, so that one row can hold several, each is taken away by itself, and a repeated update adds none.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

from core.clock import to_milliseconds
from core.days import start_of_day
from core.payloads import is_source
from core.records import Record
from core.statistics.counts import Count

#: sources that are counted by name on one day; links can be made up
SOURCES_A_DAY = 100
#: holds what came by further ones: no source of a link
OTHER_SOURCES = "_other"


class Event(StrEnum):
    """What is marked. A closed list."""

    #: of a user
    NEW = "new"
    BLOCKED = "blocked"
    #: of a delivery: the subscriber was admitted; and everything arrived
    ADMITTED = "admitted"
    WHOLE = "whole"
    #: of a token
    PAID = "paid"
    TOO_FAST = "fast"
    #: of an announcement
    PUBLISHED = "published"
    #: of a broadcast: its sending began, and ended
    STARTED = "started"
    REACHED = "reached"


#: what the end of the page adds that was free after one that was too fast: the unlock began with that one
_COUNTS_OF_FREE_PAGE: dict[Event, tuple[Count, ...]] = {
    Event.PAID: (Count.UNLOCKS, Count.MENDED),
    Event.TOO_FAST: (),
}
#: what an event adds to its day
_COUNTS: dict[Event, tuple[Count, ...]] = {
    Event.NEW: (Count.NEW_USERS,),
    Event.BLOCKED: (Count.BLOCKED,),
    Event.PAID: (Count.UNLOCKS,),
    Event.TOO_FAST: (Count.TOO_FAST,),
    Event.PUBLISHED: (Count.ANNOUNCEMENTS,),
    Event.STARTED: (Count.BROADCASTS,),
}


class Step(IntEnum):
    """How far a try came. Each includes those before it."""

    TRIED = 1
    JOINED = 2
    UNLOCKED = 3
    DELIVERED = 4


STEP_COUNTS = {
    Step.TRIED: Count.TRIES,
    Step.JOINED: Count.JOINED,
    Step.UNLOCKED: Count.UNLOCKED,
    Step.DELIVERED: Count.DELIVERED,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One event of one row. `source`: of the link that led to it."""

    event: Event
    at: datetime
    source: str | None = None

    @property
    def text(self) -> str:
        """As it is stored: `whole:1764500000000:insta`."""
        milliseconds = round(to_milliseconds(self.at).timestamp() * 1000)
        return f"{self.event}:{milliseconds}:{self.source or ''}"


def read_mark(text: object) -> Mark | None:
    """Return the mark of a stored text; None for anything else."""
    if not isinstance(text, str):
        return None
    name, _, rest = text.partition(":")
    at, _, source = rest.partition(":")
    if name not in set(Event) or not at.isascii() or not at.isdigit() or len(at) > 15:
        return None
    try:
        moment = datetime.fromtimestamp(int(at) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return Mark(Event(name), moment, source if is_source(source) else None)


class Try(Record):
    """One subscriber, one post, one day: the furthest step, and the one up to which it is counted."""

    id: str
    user_id: int
    post_code: str
    #: midnight of the day
    date: datetime
    step: Step
    #: 0: not counted at all
    counted: int = 0
    #: of the first link of the day
    source: str | None = None


@dataclass(slots=True)
class Sums:
    """What a batch of events adds: paths in a day's document, and steps of a post on a day."""

    zone: ZoneInfo
    days: dict[datetime, Counter[str]] = field(default_factory=dict)
    posts: dict[tuple[str, datetime], Counter[str]] = field(default_factory=dict)

    def add(self, mark: Mark, source: str | None = None, *, is_free_page: bool = False, copies: int = 0) -> None:
        """Add an event that is counted by itself.

        `source`: of the first link of a new subscriber. `is_free_page`: of the page after one that was too fast.
        `copies`: of a broadcast, those that arrived.
        """
        day = self._day(start_of_day(mark.at, self.zone))
        counts = _COUNTS_OF_FREE_PAGE.get(mark.event) if is_free_page else None
        for count in _COUNTS.get(mark.event, ()) if counts is None else counts:
            day[f"counters.{count}"] += 1
        if mark.event is Event.REACHED and copies:
            day[f"counters.{Count.BROADCAST_COPIES}"] += copies
        if mark.event is Event.NEW and source is not None:
            day[f"sources.{source}.new"] += 1

    def add_try(self, one: Try) -> None:
        """Add the steps of a try that are not counted yet."""
        day, post = self._day(one.date), self.posts.setdefault((one.post_code, one.date), Counter())
        for step in Step:
            if one.counted < step <= one.step:
                day[f"counters.{STEP_COUNTS[step]}"] += 1
                post[STEP_COUNTS[step].value] += 1
                if one.source is not None and step in (Step.TRIED, Step.DELIVERED):
                    day[f"sources.{one.source}.{STEP_COUNTS[step]}"] += 1

    def _day(self, date: datetime) -> Counter[str]:
        return self.days.setdefault(date, Counter())

    def names(self) -> set[str]:
        """Return the sources of all days."""
        paths = [path.split(".") for day in self.days.values() for path in day]
        return {parts[1] for parts in paths if parts[0] == "sources"}

    def limit_sources(self, date: datetime, known: Sequence[str]) -> None:
        """Add what came by a source that is not `known`, once the day has SOURCES_A_DAY, to OTHER_SOURCES."""
        taken = set(known)
        limited: Counter[str] = Counter()
        for path, count in self._day(date).items():
            parts = path.split(".")
            if parts[0] == "sources":
                if parts[1] not in taken and len(taken) >= SOURCES_A_DAY:
                    parts[1] = OTHER_SOURCES
                else:
                    taken.add(parts[1])
            limited[".".join(parts)] += count
        self.days[date] = limited
