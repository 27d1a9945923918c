"""Alerts to owners about keys of shorteners."""

from collections.abc import Sequence

from views.html import isolate
from views.language import _, ngettext

#: names quoted in an alert
_NAMES_MAX = 5


def keys_unreadable(names: Sequence[str]) -> str:
    """Say that keys cannot be decrypted: DATA_DIR holds another key file than the one they were encrypted with."""
    quoted = ", ".join(isolate(name, 30) for name in names[:_NAMES_MAX])
    more = len(names) - _NAMES_MAX
    if more > 0:
        quoted = ngettext("{names} and {count} more", "{names} and {count} more", more).format(names=quoted, count=more)
    return _(
        "<b>I cannot read the keys of these shorteners: {names}.</b>\n"
        "The key file in DATA_DIR is missing or another one. The other shorteners go on.\n"
        "Open Settings, Unlocking, Shorteners and send each key again, or put the file back and start me again."
    ).format(names=quoted)


def keys_readable() -> str:
    """Say that it is over, after `keys_unreadable`."""
    return _("I can read the keys of all shorteners again.")
