"""Reading what an admin types about a post. Every BadInput says what is expected."""

from core.delivery import LONGEST_DELETE_AFTER
from core.durations import MINUTE, read_duration
from core.errors import BadInput
from core.payloads import is_source
from core.posts import LABEL_MAX, TITLE_MAX
from core.publishing.inputs import line_of, password_of
from views.posts.questions import (
    deletion_expected,
    label_expected,
    password_expected,
    place_expected,
    title_expected,
)

#: the longest deletion time, in minutes
LONGEST_MINUTES = int(LONGEST_DELETE_AFTER.total_seconds()) // 60


def _line(text: str, longest: int, expected: str) -> str:
    line = line_of(text, longest)
    if line is None:
        raise BadInput(expected)
    return line


def read_title(text: str) -> str:
    """Read a title in one line. Raises BadInput."""
    return _line(text, TITLE_MAX, title_expected())


def read_label(text: str) -> str:
    """Read the label of a button in one line. Raises BadInput."""
    return _line(text, LABEL_MAX, label_expected())


def read_password(text: str) -> str:
    """Read a password as it was typed, but for spaces around it. Raises BadInput."""
    password = password_of(text)
    if password is None:
        raise BadInput(password_expected())
    return password


def read_place(text: str) -> str:
    """Read the name of a place for a link: letters and digits. Raises BadInput."""
    name = text.strip()
    if not is_source(name):
        raise BadInput(place_expected())
    return name


def read_minutes(text: str) -> int:
    """Read `45` (minutes), `2h`, `1h 30m`, `never` as minutes, 0 for never. Raises BadInput, also above 47 hours."""
    try:
        span = read_duration(text, bare=MINUTE, never=True)
    except BadInput:
        raise BadInput(deletion_expected()) from None
    if span % MINUTE or span > LONGEST_DELETE_AFTER:
        raise BadInput(deletion_expected())
    return span // MINUTE
