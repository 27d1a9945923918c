"""Who changed a setting, and what became of a change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.records import Record
from core.settings.fields import SettingField
from core.settings.model import BotSettings


@dataclass(frozen=True, slots=True)
class Editor:
    """The admin who changes something."""

    user_id: int
    name: str


class LastChange(Record):
    """The last change of one setting. `at` is aware UTC."""

    by: int
    name: str = ""
    at: datetime


@dataclass(frozen=True, slots=True)
class SettingsNow:
    """All settings at one moment."""

    settings: BotSettings
    #: what they are while nothing is stored
    usual: BotSettings
    changes: Mapping[str, LastChange]

    def value(self, name: str) -> Any:
        return getattr(self.settings, name)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """What became of a change, and how things stand after it."""

    now: SettingsNow
    #: it was written; False also when the value stood already
    is_stored: bool
    #: another value stands than the one that was expected, and than the new one
    is_conflict: bool = False


def recorded(field: SettingField, value: Any) -> Any:
    """Return a value as the audit log keeps it: of a secret, only whether there is one."""
    if not field.is_secret:
        return value
    return "empty" if value is None else "set"
