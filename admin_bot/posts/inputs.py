"""Reading what an admin types about a post. Every BadInput says what is expected."""

from core.delivery import LONGEST_DELETE_AFTER
from core.durations import MINUTE, read_duration
from core.errors import BadInput
from core.payloads import is_source
from core.posts import LABEL_MAX, PASSWORD_MAX, TITLE_MAX
from views.posts.questions import (
    DELETION_EXPECTED,
    LABEL_EXPECTED,
    PASSWORD_EXPECTED,
    PLACE_EXPECTED,
    TITLE_EXPECTED,
)

#: the longest deletion time, in minutes
LONGEST_MINUTES = int(LONGEST_DELETE_AFTER.total_seconds()) // 60


def _line(text: str, longest: int, expected: str) -> str:
    line = " ".join(text.split())
    if not 1 <= len(line) <= longest:
        raise BadInput(expected)
    return line


def read_title(text: str) -> str:
    """Read a title in one line. Raises BadInput."""
    return _line(text, TITLE_MAX, TITLE_EXPECTED)


def read_label(text: str) -> str:
    """Read the label of a button in one line. Raises BadInput."""
    return _line(text, LABEL_MAX, LABEL_EXPECTED)


def read_password(text: str) -> str:
    """Read a password as it was typed, but for spaces around it. Raises BadInput."""
    password = text.strip()
    if not 1 <= len(password) <= PASSWORD_MAX or "\n" in password:
        raise BadInput(PASSWORD_EXPECTED)
    return password


def read_place(text: str) -> str:
    """Read the name of a place for a link: letters and digits. Raises BadInput."""
    name = text.strip()
    if not is_source(name):
        raise BadInput(PLACE_EXPECTED)
    return name


def read_minutes(text: str) -> int:
    """Read `45` (minutes), `2h`, `1h 30m`, `never` as minutes, 0 for never. Raises BadInput, also above 47 hours."""
    try:
        span = read_duration(text, bare=MINUTE, never=True)
    except BadInput:
        raise BadInput(DELETION_EXPECTED) from None
    if span % MINUTE or span > LONGEST_DELETE_AFTER:
        raise BadInput(DELETION_EXPECTED)
    return span // MINUTE
