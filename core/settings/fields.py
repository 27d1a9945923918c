"""What owners read of a setting, and how it is changed. The rows: `core.settings.table`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import get_args

from annotated_types import Ge, Le, MaxLen

from core.durations import DAY, in_short
from core.language import _, ngettext, pgettext
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
    """One setting as owners see it; its texts are looked up when they are read."""

    name: str
    group: Group
    #: English, marked for translation; see the properties
    label_source: str
    sentence_source: str
    control: Control
    #: of a duration: what the stored number counts
    unit: timedelta = timedelta()
    #: of a duration: the word for zero or none; None: there is no such value
    never_source: str | None = None
    #: of a duration: the stored values offered on buttons, without the one for `never`
    offered: tuple[int, ...] = ()
    #: of a choice: stored value -> its words
    words_source: Mapping[str, str] = field(default_factory=dict)
    #: changed by owners only, and shown to them only
    is_for_owners: bool = False
    #: its value is not written to the audit log
    is_secret: bool = False
    #: a change is confirmed first
    is_confirmed: bool = False

    @property
    def label(self) -> str:
        """The name on the button."""
        return _(self.label_source)

    @property
    def sentence(self) -> str:
        return _(self.sentence_source)

    @property
    def never(self) -> str | None:
        """The word for zero or none of a duration; None: there is no such value."""
        return None if self.never_source is None else _(self.never_source)

    @property
    def words(self) -> Mapping[str, str]:
        """Stored value -> its words, of a choice."""
        return {value: _(words) for value, words in self.words_source.items()}


def amount_words(field: SettingField, value: int) -> str:
    """Return a duration's stored number in short words: `30 min`, `24 h`, `1 day` where days are counted."""
    return (
        ngettext("{count} day", "{count} days", 1).format(count=1)
        if field.unit == DAY and value == 1
        else (in_short(value * field.unit))
    )


def on_or_off(*, is_on: bool) -> str:
    """Return the word for the value of a switch."""
    return pgettext("switch", "on") if is_on else pgettext("switch", "off")


@dataclass(frozen=True, slots=True)
class Limits:
    """The range of a number, the most characters of a text; None where there is none."""

    lowest: int | None = None
    highest: int | None = None
    longest: int | None = None


def may_be_empty(name: str) -> bool:
    """Return whether a setting can have no value."""
    return type(None) in get_args(BotSettings.model_fields[name].annotation)


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
