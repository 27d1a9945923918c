"""Callback data of the maintenance screens. Clients can forge it: times are checked again."""

from datetime import UTC, datetime

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

#: minutes since 1970, far beyond any time a screen offers
_MINUTES_MAX = 10**9


class AskMaintenance(CallbackData, prefix="mna"):
    """Ask whether maintenance begins; `until`: minutes since 1970."""

    until: int = Field(ge=0, le=_MINUTES_MAX)


class TypeMaintenance(CallbackData, prefix="mnt"):
    """Ask for an end that is typed."""


class BeginMaintenance(CallbackData, prefix="mnb"):
    """Begin it, or move its end."""

    until: int = Field(ge=0, le=_MINUTES_MAX)


class EndMaintenance(CallbackData, prefix="mne"):
    """End it now."""


def to_minutes(at: datetime) -> int:
    """Return a time as buttons carry it."""
    return int(at.timestamp()) // 60


def from_minutes(minutes: int) -> datetime:
    """Return the time a button carries, aware UTC."""
    return datetime.fromtimestamp(minutes * 60, UTC)
