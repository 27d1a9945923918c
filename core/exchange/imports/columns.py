"""Which column of a file is what: by the names of our export, and by those other programs have."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.exchange.imports.lines import DELIMITERS, cells_of

#: by field of a subscriber: names of its column, the best first
_NAMES: Mapping[str, tuple[str, ...]] = {
    # a column `id` beside one of these is the number of a row
    "user_id": ("telegram_id", "tg_id", "user_id", "userid", "telegram_user_id", "chat_id", "uid", "id"),
    "username": ("username", "user_name", "telegram_username", "login"),
    "first_name": ("first_name", "firstname", "name", "full_name", "fullname"),
    "last_name": ("last_name", "lastname", "surname"),
    "language": ("language", "language_code", "lang", "locale"),
    "credits": ("credits",),
    "pass_until": ("pass_until", "premium_until", "subscription_until"),
    "joined_at": ("joined_at", "joined", "since", "created_at", "registered_at", "registered", "date"),
    "last_seen_at": ("last_seen_at", "last_seen", "last_activity", "updated_at"),
    "source": ("source",),
    "unlocks": ("unlocks",),
    "is_banned": ("is_banned", "banned"),
    "banned_until": ("banned_until",),
    "ban_reason": ("ban_reason",),
    "blocked_at": ("blocked_at",),
    "news_stopped_at": ("news_stopped_at",),
}
_ALL = frozenset(name for names in _NAMES.values() for name in names)
_SPACES = re.compile(r"[\s.\-]+")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: a first line that tells spreadsheets the delimiter
_SEP = re.compile(r"\s*\"?sep=([,;\t|])\"?\s*", re.IGNORECASE)
_NUMBER = re.compile(r"-?[0-9]{1,32}(?:\.0+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """How the lines of a file are read."""

    delimiter: str
    #: place of each field that there is
    places: Mapping[str, int]
    #: the first line is no subscriber
    has_header: bool


def delimiter_said(line: str) -> str | None:
    """Return the delimiter that a first line `sep=;` names; None for any other line."""
    found = _SEP.fullmatch(line)
    return None if found is None else found[1]


def find_columns(line: str, said: str | None = None) -> Columns | None:
    """Return how the file with this first line is read; None when no column has ids.

    `said`: the delimiter the file names. Without a header the first column has the ids, and the others are not read.
    """
    delimiters = DELIMITERS if said is None else (said,)
    headers = [Columns(one, _places(cells_of(line, one) or ()), has_header=True) for one in delimiters]
    best = max(headers, key=lambda columns: len(columns.places))
    if "user_id" in best.places:
        return best
    for delimiter in delimiters:
        cells = cells_of(line, delimiter)
        if cells and _NUMBER.fullmatch(cells[0]):
            return Columns(delimiter, {"user_id": 0}, has_header=False)
    return None


def _places(cells: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    names = [_folded(cell) for cell in cells]
    for field, known in _NAMES.items():
        found = next((name for name in known if name in names), None)
        if found is not None:
            places[field] = names.index(found)
    return places


def _folded(cell: str) -> str:
    """Return a column's name as ours are written: `First Name` and `firstName` are `first_name`."""
    bare = cell.strip("\ufeff\"' ")
    plain = _SPACES.sub("_", bare.lower())
    return plain if plain in _ALL else _SPACES.sub("_", _WORDS.sub("_", bare).lower())
