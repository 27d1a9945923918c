"""Reading what an admin types about a post. Every BadInput says what is expected."""

from core.delivery import LONGEST_DELETE_AFTER
from core.durations import MINUTE, read_duration
from core.errors import BadInput
from core.posts import DESCRIPTION_MAX, TITLE_MAX
from views.posts.texts import DELETION_EXPECTED, DESCRIPTION_EXPECTED, TITLE_EXPECTED

#: the longest deletion time, in minutes
LONGEST_MINUTES = int(LONGEST_DELETE_AFTER.total_seconds()) // 60


def read_title(text: str) -> str:
    """Read a title in one line. Raises BadInput."""
    title = " ".join(text.split())
    if not 1 <= len(title) <= TITLE_MAX:
        raise BadInput(TITLE_EXPECTED)
    return title


def read_description(text: str) -> str:
    """Read a description; "" for a single dash. Raises BadInput."""
    description = text.strip()
    if description == "-":
        return ""
    if not 1 <= len(description) <= DESCRIPTION_MAX:
        raise BadInput(DESCRIPTION_EXPECTED)
    return description


def read_minutes(text: str) -> int:
    """Read `45` (minutes), `2h`, `1h 30m`, `never` as minutes, 0 for never. Raises BadInput, also above 47 hours."""
    try:
        span = read_duration(text, bare=MINUTE, never=True)
    except BadInput:
        raise BadInput(DELETION_EXPECTED) from None
    if span % MINUTE or span > LONGEST_DELETE_AFTER:
        raise BadInput(DELETION_EXPECTED)
    return span // MINUTE
