"""Reading what an admin typed as an answer."""

import re

from core.delivery import LONGEST_DELETE_AFTER
from core.errors import BadInput
from core.posts import DESCRIPTION_MAX, TITLE_MAX
from core.subscriptions import LABEL_MAX
from views.channels.texts import LABEL_EXPECTED
from views.html import bare
from views.posts.texts import DELETION_EXPECTED, DESCRIPTION_EXPECTED, TITLE_EXPECTED

#: the longest deletion time, in minutes
LONGEST_MINUTES = int(LONGEST_DELETE_AFTER.total_seconds()) // 60
_TIME = re.compile(
    r"(?:(?P<hours>[0-9]{1,3})\s*(?:h|hour|hours))?\s*(?:(?P<minutes>[0-9]{1,5})\s*(?:m|min|minute|minutes)?)?",
    re.ASCII,
)


def read_title(text: str) -> str:
    """A title in one line. Raises BadInput."""
    title = " ".join(text.split())
    if not 1 <= len(title) <= TITLE_MAX:
        raise BadInput(TITLE_EXPECTED)
    return title


def read_description(text: str) -> str:
    """A description; "" for a single dash. Raises BadInput."""
    description = text.strip()
    if description == "-":
        return ""
    if not 1 <= len(description) <= DESCRIPTION_MAX:
        raise BadInput(DESCRIPTION_EXPECTED)
    return description


def read_label(text: str) -> str:
    """What stands on a button, in one line and without direction controls; "" for a single dash. Raises BadInput."""
    label = " ".join(bare(text).split())
    if label == "-":
        return ""
    if not 1 <= len(label) <= LABEL_MAX:
        raise BadInput(LABEL_EXPECTED)
    return label


def read_minutes(text: str) -> int:
    """`45`, `2h`, `1h 30m`, `never` as minutes, 0 for never. Raises BadInput beyond 47 hours."""
    minutes = typed_minutes(text)
    if minutes is None or minutes > LONGEST_MINUTES:
        raise BadInput(DELETION_EXPECTED)
    return minutes


def typed_minutes(text: str) -> int | None:
    """`45`, `2h`, `1h 30m`, `never` as minutes, however many; 0 for never. None when it is no time."""
    typed = text.strip().lower()
    if typed in {"never", "0"}:
        return 0
    found = _TIME.fullmatch(typed)
    minutes = int(found["hours"] or 0) * 60 + int(found["minutes"] or 0) if found is not None else 0
    # "0h" is no way to say never
    return minutes or None
