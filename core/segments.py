"""Segments: the part of the subscribers a broadcast is for."""

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
    #: seen within the last `days` days
    ACTIVE = "active"
    #: holding a pass
    WITH_PASS = "with_pass"  # noqa: S105 - a pass, not a password
    WITHOUT_PASS = "without_pass"  # noqa: S105
    #: whose app has the language `language`: "pt" means all of Portuguese, "pt-br" one of them
    LANGUAGE = "language"
    #: who first came through a link with the tag `source`
    SOURCE = "source"


class Segment(Record):
    """A part of the subscribers, without those who blocked the bot, are banned or opted out."""

    kind: SegmentKind = SegmentKind.EVERYBODY
    days: int | None = Field(None, ge=1, le=ACTIVE_DAYS_MAX)
    language: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _has_its_value(self) -> Self:
        needed = {
            SegmentKind.ACTIVE: self.days is not None,
            SegmentKind.LANGUAGE: LANGUAGE.fullmatch(self.language or "") is not None,
            SegmentKind.SOURCE: SOURCE.fullmatch(self.source or "") is not None,
        }
        if not needed.get(self.kind, True):
            raise ValueError(f"a segment by {self.kind.value} needs its value")
        return self
