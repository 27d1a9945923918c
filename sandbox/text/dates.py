"""`<tg-time>` and its entity `date_time` (Bot API "Date-time entity formatting")."""

import re
from typing import Any

from sandbox.errors import bad_request

Json = dict[str, Any]

#: The valid formats; an empty one shows the text unchanged.
_FORMAT = re.compile(r"(?:r|w?[dD]?[tT]?)")
_UNIX = re.compile(r"\d{1,10}")
#: Later moments become plain text (tdlib/telegram-bot-api #852).
MAX_UNIX = 2**31 - 1
#: Telegram takes dates up to three years of 366 days ahead (the same issue).
MAX_AHEAD_S = 3 * 366 * 86_400


def date_time(unix: str, form: str, place: Json) -> Json | None:
    """The entity at `place`; None when time or format is invalid, which leaves the text plain."""
    if not _UNIX.fullmatch(unix) or not 0 < int(unix) <= MAX_UNIX or not _FORMAT.fullmatch(form):
        return None
    entity = {**place, "type": "date_time", "unix_time": int(unix)}
    return entity | ({"date_time_format": form} if form else {})


def is_format(form: str) -> bool:
    """Whether an entity in JSON may have this format: any of its letters, in any order (Client.cpp)."""
    return form in ("r", "R") or set(form) <= set("tTdDwW")


def check_dates(entities: list[Json], now: float) -> None:
    """Raise 400 `ENTITY_DATE_INVALID` for a date too far ahead of `now`, as Telegram itself does when sending."""
    dates = [entity["unix_time"] for entity in entities if entity["type"] == "date_time"]
    if any(date > now + MAX_AHEAD_S for date in dates):
        raise bad_request("ENTITY_DATE_INVALID")
