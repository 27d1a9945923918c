"""What subscribers read about broadcasts, which are called news there."""

from views.language import _


def stopped() -> str:
    """Also a toast: at most 200 characters (BOTAPI §2.7)."""
    return _("News is off: I send you no more of it. Posts work as before. /news turns it on again.")


def wanted() -> str:
    return _("News is on: now and then you get a message from the owner. /stop_news turns it off.")


def help_line() -> str:
    """Return the line of /help."""
    return _("/stop_news turns off news, which the owner may send to everybody here; /news turns it on again.")
