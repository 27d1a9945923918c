"""What a member reads when somebody signed in to the admin page as them, and presses to end all of their sessions."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.team.sessions import SignInWay
from views.buttons import DANGER, button
from views.language import _
from views.screens import Screen
from views.team.callbacks import EndMySessions
from views.times import date_and_time


def signed_in(way: SignInWay, device: str, at: datetime, zone: ZoneInfo, now: datetime) -> Screen:
    """Return the message. `device`: browser and system, "" when neither is known."""
    if way is SignInWay.LINK:
        head = _("You signed in to the admin page with a link from /admin, {time}.")
    else:
        head = _("You opened the admin page inside Telegram, {time}.")
    lines = [head.format(time=date_and_time(at, zone, now))]
    if device:
        lines.append(device)
    lines.append(_("Was it not you? End all of your sessions: whoever has one is signed out at once."))
    return Screen("\n".join(lines), ([button(_("End all my sessions"), EndMySessions().pack(), style=DANGER)],))


def sessions_ended() -> Screen:
    """Return what the message becomes."""
    return Screen(
        _(
            "All of your sessions of the admin page are ended, and links that were not opened do not work. "
            "/admin gives a new one.\nIf it was not you, see in Telegram, Settings, Devices who else has your account."
        )
    )
