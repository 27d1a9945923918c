"""The rights a bot can be missing in a channel."""

from collections.abc import Sequence
from enum import StrEnum

from views.language import _


class Lack(StrEnum):
    """One missing right. A closed list."""

    #: not an administrator of the channel, or the channel cannot be seen by the bot
    NOT_THERE = "not_there"
    POST = "post_messages"
    DELETE = "delete_messages"
    INVITE = "invite_users"
    #: Telegram gave no usable answer
    UNKNOWN = "unknown"


def _words(lack: Lack) -> str:
    """Return a lack behind the bot's name."""
    return {
        Lack.NOT_THERE: _("is not an administrator there"),
        Lack.POST: _("lacks the right “Post messages”"),
        Lack.DELETE: _("lacks the right “Delete messages”"),
        Lack.INVITE: _("lacks the right “Add subscribers” (in groups “Invite users via link”)"),
        Lack.UNKNOWN: _("could not be checked just now, because Telegram did not answer"),
    }[lack]


def lacks_of(username: str, lacks: Sequence[Lack]) -> str:
    """Return `@bot lacks the right “Post messages” and lacks the right “Delete messages”`."""
    if not lacks:
        return f"@{username}"
    words = _words(lacks[0])
    for lack in lacks[1:]:
        words = _("{lacks} and {lack}").format(lacks=words, lack=_words(lack))
    return _("@{bot} {lacks}").format(bot=username, lacks=words)
