"""Reading what is typed about subscribers, commands and answers. Every BadInput says what is expected."""

import re
from dataclasses import dataclass
from datetime import timedelta

from core.durations import DAY, read_duration, split_duration
from core.errors import BadInput
from core.gifts.records import GIFT_CREDITS_MAX, GIFT_DAYS_MAX
from views.people import cards, gifts, texts
from views.people.bans import REASON_MAX, reason_expected
from views.people.callbacks import USER_ID_MAX

_ID = re.compile(r"[0-9]{1,16}", re.ASCII)
#: a minus as phones type it, too
_SIGNED = re.compile(r"([-+−–]?) ?([0-9]{1,9})", re.ASCII)
_GIFT = re.compile(r"([0-9]{1,9}) ?(credits?|days?)", re.ASCII | re.IGNORECASE)
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
        raise BadInput(texts.id_expected())
    return int(typed)


def read_grant(text: str) -> GrantCommand | None:
    """Read `ID credits N` or `ID days N`; None for another form. Raises BadInput."""
    words = text.split()
    if len(words) != 3:
        return None
    user_id, what = read_id(words[0]), words[1].lower()
    if what in ("credit", "credits"):
        return GrantCommand(user_id, credits=_amount(words[2], texts.CREDITS_MAX, texts.credits_expected()))
    if what in ("day", "days"):
        return GrantCommand(user_id, days=_amount(words[2], texts.DAYS_MAX, texts.days_expected()))
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
            raise BadInput(texts.duration_expected())
    reason = " ".join(rest.split())
    if len(reason) > REASON_MAX:
        raise BadInput(texts.reason_too_long())
    return BanCommand(user_id, span, reason or None)


def _starts_with_number(text: str) -> bool:
    """Return whether a duration was meant: digits of any script, also after a sign."""
    found = re.match(r"[-+−–.,]?(.)", text)
    return found is not None and found[1].isnumeric()


def read_credits(text: str) -> int:
    """Read `25`, `+25`, `-5`: credits given, negative for taken, never 0. Raises BadInput."""
    found = _SIGNED.fullmatch(text.strip())
    if found is None or not 1 <= int(found[2]) <= texts.CREDITS_MAX:
        raise BadInput(cards.credits_expected())
    return int(found[2]) if found[1] in ("", "+") else -int(found[2])


def read_pass(text: str) -> timedelta:
    """Read `14` (days), `12h`, `2 weeks`: the time a pass is prolonged by. Raises BadInput."""
    try:
        return read_duration(text, bare=DAY)
    except BadInput:
        raise BadInput(cards.days_expected()) from None


def read_reason(text: str) -> str:
    """Read the reason of a ban in one line. Raises BadInput."""
    reason = " ".join(text.split())
    if not 1 <= len(reason) <= REASON_MAX:
        raise BadInput(reason_expected())
    return reason


def read_gift(text: str) -> tuple[int, int]:
    """Read `25 credits` or `14 days`: credits and days, one of them 0. Raises BadInput."""
    found = _GIFT.fullmatch(" ".join(text.split()))
    if found is None:
        raise BadInput(gifts.amount_expected())
    amount, is_days = int(found[1]), found[2].lower().startswith("day")
    if not 1 <= amount <= (GIFT_DAYS_MAX if is_days else GIFT_CREDITS_MAX):
        raise BadInput(gifts.amount_expected())
    return (0, amount) if is_days else (amount, 0)
