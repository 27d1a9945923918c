"""Who a line of a file is. A cell that is wrong makes the line unreadable; one that only decorates is left out."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.payloads import is_source
from core.users import FAR_END, NAME_MAX

#: ids of Telegram have at most 52 bits (https://core.telegram.org/bots/api#user)
ID_MAX = 2**52 - 1
#: as much as anybody can be given: what is more is a mistake of the file
CREDITS_MAX = 1_000_000
_REASON_MAX = 200
_WHOLE = re.compile(r"([0-9]{1,16})(?:\.0{1,8})?", re.ASCII)
_USERNAME = re.compile(r"@?([A-Za-z0-9_]{3,32})", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})?", re.ASCII)
#: seconds since 1970 of the years from 2001 on, as other programs write times
_SECONDS = re.compile(r"[0-9]{10}(?:\.[0-9]{1,9})?", re.ASCII)
#: cells that other programs write for an empty value
_NOTHING = frozenset({"", "none", "null", "nan", "n/a", "-"})
_TRUE, _FALSE = frozenset({"1", "true", "yes", "t", "y"}), frozenset({"0", "false", "no", "f", "n"})
#: Telegram did not exist before
_FIRST_YEAR = 2013


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    """A subscriber as a line has them. Times are aware UTC; None for what it does not say."""

    #: the first line of the record
    line: int
    user_id: int
    username: str | None = None
    first_name: str = ""
    last_name: str = ""
    language: str | None = None
    credits: int = 0
    pass_until: datetime | None = None
    joined_at: datetime | None = None
    last_seen_at: datetime | None = None
    source: str | None = None
    unlocks: int = 0
    is_banned: bool = False
    banned_until: datetime | None = None
    ban_reason: str | None = None
    blocked_at: datetime | None = None
    news_stopped_at: datetime | None = None


def person_of(line: int, cells: Sequence[str], places: Mapping[str, int], zone: ZoneInfo) -> ImportedPerson | None:
    """Return the subscriber of a record; None when one of its cells cannot be read.

    Times without a zone are those of `zone`.
    """
    try:
        return _read(line, {field: cells[place] for field, place in places.items() if place < len(cells)}, zone)
    except (ValueError, OverflowError):
        return None


def _read(line: int, texts: Mapping[str, str], zone: ZoneInfo) -> ImportedPerson:
    known = {field: text for field, text in texts.items() if text.lower() not in _NOTHING}
    user_id = _whole(known.get("user_id", ""))
    if not 0 < user_id <= ID_MAX:
        raise ValueError("no id of a person")
    if len(known) == 1:
        return ImportedPerson(line, user_id)
    credits = _whole(known.get("credits", "0"))
    if credits > CREDITS_MAX:
        raise ValueError("more credits than anybody has")
    times = {
        field: _time(known[field], zone) if field in known else None
        for field in ("pass_until", "joined_at", "last_seen_at", "banned_until", "blocked_at", "news_stopped_at")
    }
    username = _USERNAME.fullmatch(known.get("username", ""))
    language = known.get("language", "").lower().replace("_", "-")
    source = known.get("source", "")
    return ImportedPerson(
        line,
        user_id,
        username=username and username[1],
        first_name=_visible(known.get("first_name", ""))[:NAME_MAX],
        last_name=_visible(known.get("last_name", ""))[:NAME_MAX],
        language=language if _LANGUAGE.fullmatch(language) else None,
        credits=credits,
        source=source if is_source(source) else None,
        unlocks=_whole(known.get("unlocks", "0")),
        is_banned=_is_true(known.get("is_banned", "0")),
        ban_reason=_visible(known.get("ban_reason", ""))[:_REASON_MAX] or None,
        **times,
    )


def _whole(text: str) -> int:
    """Return a number that is not negative; `5.0` is one, as programs write it that have empty cells in a column."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise ValueError("no number")
    return int(found[1])


def _is_true(text: str) -> bool:
    folded = text.lower()
    if folded not in _TRUE | _FALSE:
        raise ValueError("neither yes nor no")
    return folded in _TRUE


def _time(text: str, zone: ZoneInfo) -> datetime:
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    at = datetime.fromisoformat(text)
    if at.year > FAR_END.year:
        # “for ever”, as other programs write it
        return FAR_END
    aware = (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    if aware.year < _FIRST_YEAR:
        raise ValueError("before Telegram")
    return aware


def _visible(text: str) -> str:
    """Return a name without what controls a terminal; the directions of letters stay, they belong to names."""
    return "".join(one for one in text if unicodedata.category(one) != "Cc").strip()
