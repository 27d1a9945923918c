"""A shortener as it is stored, and how much it is asked."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from core.records import Record
from core.shorteners.addresses import NAME_MAX

#: shorteners at the same time, those of the environment included
SHORTENERS_MAX = 30
#: how often a shortener is asked first, relative to the others
SHARE_MAX = 1000
#: letters and digits of a code
CODE_LENGTH = 10


class Origin(StrEnum):
    """Where a shortener is configured. A closed list."""

    #: by an owner in the admin bot
    CHAT = "chat"
    #: SHORTENERS of the environment; only what was changed in the admin bot is stored
    ENVIRONMENT = "environment"


class Shortener(Record):
    """One shortener. Times are aware UTC."""

    #: identifies it in buttons
    code: str
    name: str = Field(max_length=NAME_MAX)
    origin: Origin = Origin.CHAT
    #: without the key; "" for one of the environment
    api_url: str = Field("", repr=False)
    #: hosts its links may have; empty: any public host
    hosts: tuple[str, ...] = ()
    #: hosts its links had so far
    link_hosts: tuple[str, ...] = ()
    #: path of the link in its JSON; None: the names of the common family
    answer: str | None = None
    share: int = Field(1, ge=1, le=SHARE_MAX)
    is_paused: bool = False
    #: encrypted; None for one of the environment, and for a removed one
    sealed_key: str | None = Field(None, repr=False)
    #: when its key was set, and by whom
    set_at: datetime | None = None
    set_by: int | None = None
    set_by_name: str = ""
    #: who changed its share or pause last
    changed_by: int | None = None
    changed_by_name: str = ""
    #: its links may be open for some days after it was removed
    removed_at: datetime | None = None

    @property
    def is_of_environment(self) -> bool:
        return self.origin is Origin.ENVIRONMENT


def environment_code(name: str) -> str:
    """Return the code of a shortener of the environment: always the same for the same name."""
    return hashlib.sha256(f"environment {name}".encode()).hexdigest()[:CODE_LENGTH]


def with_environment(stored: Sequence[Shortener], configured: Sequence[Shortener]) -> tuple[Shortener, ...]:
    """Return the shorteners that are there: those of the environment first, as changed in the admin bot.

    A stored change of one that the environment no longer names is left out, and so is a configured one whose name a
    shortener of the chat has already.
    """
    changes = {one.code: one for one in stored if one.is_of_environment}
    added = tuple(one for one in stored if not one.is_of_environment and one.removed_at is None)
    names = {one.name.casefold() for one in added}
    kept = (_changed(one, changes.get(one.code)) for one in configured if one.name.casefold() not in names)
    return (*kept, *added)


def _changed(configured: Shortener, change: Shortener | None) -> Shortener:
    if change is None:
        return configured
    changed = {name: getattr(change, name) for name in ("share", "is_paused", "changed_by", "changed_by_name")}
    return configured.model_copy(update=changed)


def percentages(shorteners: Sequence[Shortener]) -> dict[str, int]:
    """Return, by code, how many in a hundred links each of those that are not paused is asked for first."""
    asked = [one for one in shorteners if not one.is_paused]
    total = sum(one.share for one in asked)
    return {one.code: round(100 * one.share / total) for one in asked}
