"""What owners read of a setting, and how it is changed. The rows: `core.settings.table`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from annotated_types import Ge, Le, MaxLen

from core.durations import DAY, in_short
from core.settings.model import BotSettings


class Group(StrEnum):
    """The groups of the panel, in order."""

    ACCESS = "access"
    UNLOCKING = "unlocking"
    TEXTS = "texts"
    PUBLISHING = "publishing"
    BOTS = "bots"
    SYSTEM = "system"


class Control(StrEnum):
    """How a setting is changed. A closed list."""

    #: − and + buttons, or typed
    NUMBER = "number"
    #: one of some durations, or typed
    DURATION = "duration"
    #: one of a closed list
    CHOICE = "choice"
    SWITCH = "switch"
    #: a text with formatting and placeholders
    TEXT = "text"
    #: one line of plain text
    LINE = "line"
    LINK = "link"
    #: a channel's id, chosen on the screen of channels
    CHANNEL = "channel"
    #: chosen on a screen of another subject
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting as owners see it."""

    name: str
    group: Group
    #: the name on the button
    label: str
    sentence: str
    control: Control
    #: of a duration: what the stored number counts
    unit: timedelta = timedelta()
    #: of a duration: the word for zero or none; None: there is no such value
    never: str | None = None
    #: of a duration: the stored values offered on buttons, without the one for `never`
    offered: tuple[int, ...] = ()
    #: of a choice: stored value -> its words
    words: Mapping[str, str] = field(default_factory=dict)
    #: changed by owners only, and shown to them only
    is_for_owners: bool = False
    #: its value is not written to the audit log
    is_secret: bool = False
    #: a change is confirmed first
    is_confirmed: bool = False


def amount_words(field: SettingField, value: int) -> str:
    """Return a duration's stored number in short words: `30 min`, `24 h`, `1 day` where days are counted."""
    return "1 day" if field.unit == DAY and value == 1 else in_short(value * field.unit)


@dataclass(frozen=True, slots=True)
class Limits:
    """The range of a number, the most characters of a text; None where there is none."""

    lowest: int | None = None
    highest: int | None = None
    longest: int | None = None


def limits_of(name: str) -> Limits:
    """Return the limits the model sets for a setting."""
    found = Limits()
    for rule in BotSettings.model_fields[name].metadata:
        if isinstance(rule, Ge):
            found = Limits(int(str(rule.ge)), found.highest, found.longest)
        elif isinstance(rule, Le):
            found = Limits(found.lowest, int(str(rule.le)), found.longest)
        elif isinstance(rule, MaxLen):
            found = Limits(found.lowest, found.highest, rule.max_length)
    return found
