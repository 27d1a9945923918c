"""Alerts about the channel of old links."""

from views.html import esc, isolate
from views.language import _

#: characters of a channel's name
_NAME_MAX = 60


def channel_lost(name: str, username: str) -> str:
    """Say that old links open nothing, and what to do. `username`: the user bot's."""
    return _(
        "<b>Old links open nothing.</b> @{bot} is not an administrator of {name} any more. Make it one again, or turn "
        "old links off: System, Old links."
    ).format(bot=esc(username), name=isolate(name, _NAME_MAX))


def channel_back(name: str) -> str:
    """Say that old links open again, after `channel_lost`."""
    return _("Old links open messages of {name} again.").format(name=isolate(name, _NAME_MAX))
