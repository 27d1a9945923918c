"""What admins read of the way to the admin page."""

from datetime import datetime
from zoneinfo import ZoneInfo

from views.html import esc
from views.language import _, pgettext
from views.times import clock_time


def menu_button_text() -> str:
    """Return the text of the chat's menu button; Telegram shows hardly more than ten characters."""
    return pgettext("menu button", "Admin page")


def link(holds_until: datetime, zone: ZoneInfo, *, has_mini_app: bool) -> str:
    """Return the message with the button that signs in."""
    said = _(
        "<b>Admin page</b>\n"
        "The link below signs you in: it works once and until {time}. Do not forward it: whoever opens it first is "
        "taken for you. /admin makes a new one."
    ).format(time=clock_time(holds_until, zone))
    if not has_mini_app:
        return said
    inside = _("“Open here” opens the page inside Telegram and knows you by itself, as often as you like.")
    return f"{said}\n\n{inside}"


def without_address(address: str, code: str, holds_until: datetime, zone: ZoneInfo) -> str:
    """Return the message without PUBLIC_BASE_URL. `address`: of the page on the machine itself, "" if unknown."""
    until = clock_time(holds_until, zone)
    if address:
        said = _(
            "<b>Admin page</b>\n"
            "PUBLIC_BASE_URL is not set, so the page can be reached only from the machine Tollgate runs on. On the "
            "machine itself, open this in a browser:\n<code>{address}#{code}</code>\n\n"
            "It signs you in: it works once and until {time}. Do not forward it: whoever opens it first is taken for "
            "you. /admin makes a new one."
        )
        return said.format(address=esc(address), code=esc(code), time=until)
    said = _(
        "<b>Admin page</b>\n"
        "PUBLIC_BASE_URL is not set, so the page can be reached only from the machine Tollgate runs on. Its port is a "
        "new one at each start (WEB_PORT=0) and stands in the log. Put this behind the page's address:\n"
        "<code>#{code}</code>\n\n"
        "It signs you in: it works once and until {time}. Do not forward it: whoever opens it first is taken for you. "
        "/admin makes a new one."
    )
    return said.format(code=esc(code), time=until)
