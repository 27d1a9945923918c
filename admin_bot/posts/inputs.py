"""Reading what an admin types about a post. Every BadInput says what is expected."""

from admin_bot.inputs import read_minutes_or_never
from core.delivery import LONGEST_DELETE_AFTER
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
    """Read `45`, `2h`, `1h 30m`, `never` as minutes, 0 for never. Raises BadInput, also above 47 hours."""
    minutes = read_minutes_or_never(text)
    if minutes is None or minutes > LONGEST_MINUTES:
        raise BadInput(DELETION_EXPECTED)
    return minutes
