"""What owners read when nobody takes the messages of a bot, as far as a process knows, and when it is over. HTML."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.health.findings import Finding
from views.html import esc
from views.language import _, pgettext
from views.times import date_and_time, duration


def nobody_polls(finding: Finding, since: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return the alert of a process that does not take the messages itself and sees no other that does."""
    what = _("Since {since} this process takes no messages of the {bot}, and sees no other that does.").format(
        since=date_and_time(since, zone, now), bot=esc(bot_name(finding.subject))
    )
    step = _(
        "What people write waits at Telegram, for a day at most. See whether MongoDB is running and MONGO_URI reaches "
        "it. If it does, start this process again."
    )
    return f"<b>{what}</b>\n{step}"


def polled_again(finding: Finding, since: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return the alert when it is over."""
    return _(
        "Messages of the {bot} are taken again. Since {since}, for {duration}, nobody took them as far as this process "
        "knows. What people wrote meanwhile is answered now; buttons they pressed may need another press."
    ).format(bot=esc(bot_name(finding.subject)), since=date_and_time(since, zone, now), duration=duration(now - since))


def bot_name(subject: str) -> str:
    """Return what a bot is called in a sentence; a subject that is no bot stays as it is."""
    match subject:
        case "user_bot":
            return pgettext("in a sentence", "user bot")
        case "admin_bot":
            return pgettext("in a sentence", "admin bot")
    return subject
