"""What owners may set of a bot's profile, and Telegram's limits (core.telegram.org/bots/api#setmyname)."""

from enum import StrEnum

from core.templates import bare, is_visible


class Part(StrEnum):
    """A part of a bot's profile. A closed list; one letter, for buttons."""

    NAME = "n"
    ABOUT = "a"
    DESCRIPTION = "d"
    PICTURE = "p"


#: characters
LONGEST = {Part.NAME: 64, Part.ABOUT: 120, Part.DESCRIPTION: 512}
_DASHES = frozenset({"-", "–", "—"})


def read_text(part: Part, typed: str) -> str | None:
    """Return a typed text, "" where a dash takes it away; None for one that is empty or too long, or no name.

    A name and an about are one line.
    """
    text = typed.strip() if part is Part.DESCRIPTION else " ".join(typed.split())
    if text in _DASHES:
        return None if part is Part.NAME else ""
    return text if is_visible(bare(text)) and len(text) <= LONGEST[part] else None
