"""The rights a bot can be missing in a channel."""

from collections.abc import Sequence
from enum import StrEnum


class Lack(StrEnum):
    """One missing right. A closed list."""

    #: not an administrator of the channel, or the channel cannot be seen by the bot
    NOT_THERE = "not_there"
    POST = "post_messages"
    DELETE = "delete_messages"
    INVITE = "invite_users"
    #: Telegram gave no usable answer
    UNKNOWN = "unknown"


_WORDS = {
    Lack.NOT_THERE: "is not an administrator there",
    Lack.POST: "lacks the right “Post messages”",
    Lack.DELETE: "lacks the right “Delete messages”",
    Lack.INVITE: "lacks the right “Add subscribers” (in groups “Invite users via link”)",
    Lack.UNKNOWN: "could not be checked just now, because Telegram did not answer",
}


def lacks_of(username: str, lacks: Sequence[Lack]) -> str:
    """Return `@bot lacks the right “Post messages” and lacks the right “Delete messages”`."""
    return f"@{username} " + " and ".join(_WORDS[lack] for lack in lacks)
