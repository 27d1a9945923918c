"""Reading commands about subscribers: /grant, /user, /ban, /unban. Every BadInput says what is expected."""

import re
from dataclasses import dataclass
from datetime import timedelta

from core.durations import split_duration
from core.errors import BadInput
from views.people import texts
from views.people.callbacks import USER_ID_MAX

_ID = re.compile(r"[0-9]{1,16}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GrantCommand:
    """A grant to a subscriber: either credits or days, the other is 0."""

    user_id: int
    credits: int = 0
    days: int = 0

    @property
    def pass_for(self) -> timedelta:
        return timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class BanCommand:
    """A ban of a subscriber. `span` None: without an end; `reason`: shown to the subscriber."""

    user_id: int
    span: timedelta | None = None
    reason: str | None = None


def read_id(text: str) -> int:
    """Read a subscriber's id. Raises BadInput."""
    typed = text.strip()
    if not _ID.fullmatch(typed) or not 1 <= int(typed) <= USER_ID_MAX:
        raise BadInput(texts.ID_EXPECTED)
    return int(typed)


def read_grant(text: str) -> GrantCommand | None:
    """Read `ID credits N` or `ID days N`; None for another form. Raises BadInput."""
    words = text.split()
    if len(words) != 3:
        return None
    user_id, what = read_id(words[0]), words[1].lower()
    if what in ("credit", "credits"):
        return GrantCommand(user_id, credits=_amount(words[2], texts.CREDITS_MAX, texts.CREDITS_EXPECTED))
    if what in ("day", "days"):
        return GrantCommand(user_id, days=_amount(words[2], texts.DAYS_MAX, texts.DAYS_EXPECTED))
    return None


def _amount(text: str, most: int, expected: str) -> int:
    if not _AMOUNT.fullmatch(text) or not 1 <= int(text) <= most:
        raise BadInput(expected)
    return int(text)


def read_ban(text: str) -> BanCommand | None:
    """Read `ID [duration] [reason]`; None for an empty text. Raises BadInput."""
    words = text.split(maxsplit=1)
    if not words:
        return None
    user_id, rest = read_id(words[0]), words[1] if len(words) > 1 else ""
    span = None
    if _starts_with_number(rest):
        span, rest = split_duration(rest)
        if span is None:
            raise BadInput(texts.DURATION_EXPECTED)
    reason = " ".join(rest.split())
    if len(reason) > texts.REASON_MAX:
        raise BadInput(texts.REASON_TOO_LONG)
    return BanCommand(user_id, span, reason or None)


def _starts_with_number(text: str) -> bool:
    """Return whether a duration was meant: digits of any script, also after a sign."""
    found = re.match(r"[-+−–.,]?(.)", text)
    return found is not None and found[1].isnumeric()
