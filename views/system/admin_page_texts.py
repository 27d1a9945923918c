"""What admins read of the way to the admin page."""

from datetime import datetime
from zoneinfo import ZoneInfo

from views.html import esc
from views.times import clock_time

#: the text of the chat's menu button; Telegram shows hardly more characters
MENU_BUTTON = "Admin page"


def link(holds_until: datetime, zone: ZoneInfo, *, has_mini_app: bool) -> str:
    """Return the message with the button that signs in."""
    until = clock_time(holds_until, zone)
    mini_app = (
        "\n\n“Open here” opens the page inside Telegram and knows you by itself, as often as you like."
        if has_mini_app
        else ""
    )
    return (
        "<b>Admin page</b>\n"
        f"The link below signs you in: it works once and until {until}. Do not forward it: whoever opens it first is "
        f"taken for you. /admin makes a new one.{mini_app}"
    )


def without_address(address: str, code: str, holds_until: datetime, zone: ZoneInfo) -> str:
    """Return the message without PUBLIC_BASE_URL. `address`: of the page on the machine itself, "" if unknown."""
    until = clock_time(holds_until, zone)
    where = (
        f"On the machine itself, open this in a browser:\n<code>{esc(address)}#{esc(code)}</code>"
        if address
        else "Its port is a new one at each start (WEB_PORT=0) and stands in the log. Put this behind the page's "
        f"address:\n<code>#{esc(code)}</code>"
    )
    return (
        "<b>Admin page</b>\n"
        f"PUBLIC_BASE_URL is not set, so the page can be reached only from the machine Tollgate runs on. {where}\n\n"
        f"It signs you in: it works once and until {until}. Do not forward it: whoever opens it first is taken for "
        "you. /admin makes a new one."
    )
