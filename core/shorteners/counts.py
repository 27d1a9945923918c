"""What became of a shortener's links: counted by day, summed for a week."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.records import Record

#: the time counts are summed up for
COUNTED_FOR = timedelta(days=7)
#: (seconds up to which, width of a step); the last step has no end
_STEPS = ((60, 1), (300, 5), (3600, 60))
_PREFIX = "s"


class ShortenerDay(Record):
    """The counts of one shortener on the day that began at `date`."""

    name: str
    date: datetime
    links: int = 0
    finished: int = 0
    too_fast: int = 0
    failed: int = 0
    #: how many finished within each step of time (`time_step`)
    times: dict[str, int] = Field(default_factory=dict)
    #: the latest link it made, and the latest call that failed, a test included
    made_at: datetime | None = None
    failed_at: datetime | None = None
    #: kind of the latest failure
    failure: str = ""


class ShortenerState(StrEnum):
    """How a shortener is doing. A closed list."""

    WORKS = "works"
    #: its latest call failed
    FAILS = "fails"
    PAUSED = "paused"
    #: it was not asked within the time counts are summed up for
    NOT_ASKED = "not_asked"
    #: its key cannot be decrypted with the key file of this installation
    KEY_UNREADABLE = "key_unreadable"


class Tally(Record):
    """The counts of one shortener over several days."""

    links: int = 0
    finished: int = 0
    too_fast: int = 0
    failed: int = 0
    #: seconds from the button to the end of the page; None: nobody finished
    median_s: int | None = None
    made_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""

    @property
    def percent_finished(self) -> int | None:
        """Of a hundred links, how many were finished; None without links. A link of an earlier day may count."""
        return None if not self.links else min(100, round(100 * self.finished / self.links))

    def state(self, *, is_paused: bool, is_key_readable: bool) -> ShortenerState:
        if not is_key_readable:
            return ShortenerState.KEY_UNREADABLE
        if is_paused:
            return ShortenerState.PAUSED
        if self.failed_at is not None and (self.made_at is None or self.failed_at > self.made_at):
            return ShortenerState.FAILS
        return ShortenerState.NOT_ASKED if self.made_at is None else ShortenerState.WORKS


def time_step(seconds: float) -> str:
    """Return the name of the step of time in which `seconds` lies, for `ShortenerDay.times`."""
    whole = max(0, int(seconds))
    for end, width in _STEPS:
        if whole < end:
            return f"{_PREFIX}{whole // width * width}"
    return f"{_PREFIX}{_STEPS[-1][0]}"


def median_of(times: dict[str, int]) -> int | None:
    """Return the beginning of the step in which the middle one lies, in seconds; None when there is none."""
    middle = (sum(times.values()) + 1) // 2
    for seconds, count in sorted((int(step.removeprefix(_PREFIX)), count) for step, count in times.items()):
        middle -= count
        if middle <= 0:
            return seconds
    return None


def tally(days: Iterable[ShortenerDay]) -> Tally:
    """Sum up the days of one shortener."""
    known = sorted(days, key=lambda day: day.date)
    times: Counter[str] = Counter()
    for day in known:
        times.update(day.times)
    return Tally(
        links=sum(day.links for day in known),
        finished=sum(day.finished for day in known),
        too_fast=sum(day.too_fast for day in known),
        failed=sum(day.failed for day in known),
        median_s=median_of(times) if times else None,
        made_at=max((day.made_at for day in known if day.made_at), default=None),
        failed_at=max((day.failed_at for day in known if day.failed_at), default=None),
        failure=next((day.failure for day in reversed(known) if day.failure), ""),
    )
