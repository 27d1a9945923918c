"""Segments: a part of the subscribers, as the list shows it, counts it, and a broadcast goes to it."""

import re
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from core.records import Record

#: the longest period for "active", in days
ACTIVE_DAYS_MAX = 365
#: a language as Telegram names it: `en`, `pt-br`; lower case
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})?")
#: a source tag of a post's link (DESIGN §5)
SOURCE = re.compile(r"[A-Za-z0-9]{1,24}")


class SegmentKind(StrEnum):
    """The rule of a segment. A closed list."""

    EVERYBODY = "everybody"
    #: whose first visit was within the last `days` days
    NEW = "new"
    #: seen within the last `days` days
    ACTIVE = "active"
    #: holding a pass
    WITH_PASS = "with_pass"  # noqa: S105 - a pass, not a password
    WITHOUT_PASS = "without_pass"  # noqa: S105
    #: whose app has the language `language`: "pt" means all of Portuguese, "pt-br" one of them
    LANGUAGE = "language"
    #: who first came through a link with the tag `source`
    SOURCE = "source"
    #: listed only: no broadcast goes to them
    BANNED = "banned"
    BLOCKED = "blocked"


#: nobody of them can be reached, so they are no audience
NOT_REACHED = frozenset({SegmentKind.BANNED, SegmentKind.BLOCKED})
#: the days "new" and "active" mean in the list of subscribers
LISTED_DAYS = 7


class Segment(Record):
    """A part of the subscribers. A broadcast leaves out those who blocked the bot, are banned or opted out."""

    kind: SegmentKind = SegmentKind.EVERYBODY
    days: int | None = Field(None, ge=1, le=ACTIVE_DAYS_MAX)
    language: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _has_its_value(self) -> Self:
        needed = {
            SegmentKind.NEW: self.days is not None,
            SegmentKind.ACTIVE: self.days is not None,
            SegmentKind.LANGUAGE: LANGUAGE.fullmatch(self.language or "") is not None,
            SegmentKind.SOURCE: SOURCE.fullmatch(self.source or "") is not None,
        }
        if not needed.get(self.kind, True):
            raise ValueError(f"a segment by {self.kind.value} needs its value")
        return self


#: what the list of subscribers can be narrowed to, in order
LISTED = (
    SegmentKind.EVERYBODY,
    SegmentKind.NEW,
    SegmentKind.ACTIVE,
    SegmentKind.WITH_PASS,
    SegmentKind.SOURCE,
    SegmentKind.BANNED,
    SegmentKind.BLOCKED,
)


def listed(kind: SegmentKind, source: str | None = None) -> Segment:
    """Return a part of the subscribers as the list shows it.

    Raises ValueError for a part that is not listed, and without a source where one is needed.
    """
    if kind not in LISTED:
        raise ValueError("that part of the subscribers is not listed")
    days = LISTED_DAYS if kind in (SegmentKind.NEW, SegmentKind.ACTIVE) else None
    return Segment(kind=kind, days=days, source=source if kind is SegmentKind.SOURCE else None)
