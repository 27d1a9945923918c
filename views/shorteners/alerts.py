"""Alerts to owners about keys of shorteners."""

from collections.abc import Sequence

from views.html import isolate

#: names quoted in an alert
_NAMES_MAX = 5


def keys_unreadable(names: Sequence[str]) -> str:
    """Say that keys cannot be decrypted: DATA_DIR holds another key file than the one they were encrypted with."""
    quoted = ", ".join(isolate(name, 30) for name in names[:_NAMES_MAX])
    more = f" and {len(names) - _NAMES_MAX} more" if len(names) > _NAMES_MAX else ""
    return (
        f"<b>I cannot read the keys of these shorteners: {quoted}{more}.</b>\n"
        "The key file in DATA_DIR is missing or another one. The other shorteners go on.\n"
        "Open Settings, Unlocking, Shorteners and send each key again, or put the file back and start me again."
    )


def keys_readable() -> str:
    """Say that it is over, after `keys_unreadable`."""
    return "I can read the keys of all shorteners again."
