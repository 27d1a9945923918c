"""What admins read of subscribers: the screen of one, grants, bans."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.access import has_pass
from core.settings import AccessMode, BotSettings
from core.users import NAME_MAX, User, is_banned
from views.html import bare, esc, isolate
from views.navigation import MENU, Section, parent
from views.people import keyboards
from views.quantities import counted
from views.screens import Screen
from views.times import date_and_time

#: characters of a reason, all of which the user bot shows
REASON_MAX = 200
#: characters of a reason on the card
_REASON_SHOWN = 100
#: the most one grant can add
CREDITS_MAX, DAYS_MAX = 100_000, 3650

ID_EXPECTED = (
    "An ID is a number like 123456789. A @username is not enough, because Telegram does not tell bots whose it is."
)
ASK_SUBSCRIBER = (
    "Whom do you mean? Send the ID (a number), or forward me a message the person wrote. "
    "A @username is not enough, because Telegram does not tell bots whose it is. /cancel to stop."
)
ACCOUNT_HIDDEN = (
    "The person who wrote that hides the account when messages are forwarded, so I can't tell who it is. "
    "Send the ID (a number), or /cancel."
)
NOT_A_PERSON = "That was not written by a person. Send the ID (a number), forward a person's message, or /cancel."
GRANT_USAGE = (
    "To give somebody deliveries: <code>/grant ID credits N</code> (1 to 100000). "
    "To add days to somebody's pass: <code>/grant ID days N</code> (1 to 3650)."
)
BAN_USAGE = (
    "To keep somebody out: <code>/ban ID</code> for ever, <code>/ban ID 7d</code> for a time (30m, 12h, 7d, 4w), "
    f"with a reason behind it if you like (at most {REASON_MAX} characters): "
    "<code>/ban ID 7d sold my posts</code>. The person reads the reason when trying to get a post."
)
UNBAN_USAGE = "To let somebody in again: <code>/unban ID</code>."
DURATION_EXPECTED = (
    "That is no duration. Send it like 30 min, 12h, 7 days or 4w, at most 3650 days. "
    "Without one the ban holds for ever. A reason that begins with a digit needs a duration before it."
)
REASON_TOO_LONG = f"That reason is too long: at most {REASON_MAX} characters."
CREDITS_EXPECTED = f"Credits are a whole number from 1 to {CREDITS_MAX}."
DAYS_EXPECTED = f"Days are a whole number from 1 to {DAYS_MAX}."
IS_ADMIN = "That is an admin of this bot, and admins cannot be banned."


def ask_subscriber() -> Screen:
    return Screen(ASK_SUBSCRIBER, (), MENU)


def unknown_subscriber(user_id: int) -> Screen:
    return Screen(unknown(user_id), (), parent(Section.SUBSCRIBERS))


def subscriber(user: User, now: datetime, zone: ZoneInfo, *, may_ban: bool) -> Screen:
    """Return everything stored about a subscriber."""
    rows = keyboards.subscriber(user, now, may_ban=may_ban)
    return Screen(_subscriber(user, now, zone), rows, parent(Section.SUBSCRIBERS))


def confirm_ban(user: User) -> Screen:
    return Screen(_confirm_ban(user), keyboards.confirm_ban(user.user_id), keyboards.to_card(user.user_id))


def confirm_unban(user: User) -> Screen:
    return Screen(_confirm_unban(user), keyboards.confirm_unban(user.user_id), keyboards.to_card(user.user_id))


def has_opened_bot(user: User) -> bool:
    """Return whether the subscriber opened the user bot; a record that only a ban created has no name."""
    return bool(user.first_name) or user.last_seen_at > user.joined_at


def unknown(user_id: int) -> str:
    return f"Nobody with the ID <code>{user_id}</code> has opened the user bot yet."


def cannot_grant(user_id: int) -> str:
    return f"{unknown(user_id)} Only people who have can be given something."


def name_of(user: User) -> str:
    """Name and ID as HTML."""
    name = isolate(user.first_name, NAME_MAX) if bare(user.first_name).strip() else "Somebody"
    return f"{name} (<code>{user.user_id}</code>)"


def _subscriber(user: User, now: datetime, zone: ZoneInfo) -> str:
    lines = [f"<b>Subscriber</b> {name_of(user)}"]
    if user.username:
        lines.append(f"@{esc(user.username)}")
    lines.append("")
    if has_opened_bot(user):
        lines.append(f"Came {date_and_time(user.joined_at, zone)}")
        lines.append(f"Last seen {date_and_time(user.last_seen_at, zone)}")
        lines.append(f"Came through the source: {isolate(user.source)}" if user.source else "Source: none")
    else:
        lines.append("Has not opened the user bot yet.")
    lines += ["", f"Credits: {user.credits:,}", f"Pass: {_pass(user, now, zone)}", *_ban(user, now, zone)]
    if user.blocked_at:
        lines.append(f"Has blocked the user bot since {date_and_time(user.blocked_at, zone)}")
    return "\n".join(lines)


def _pass(user: User, now: datetime, zone: ZoneInfo) -> str:
    if user.pass_until is None:
        return "none"
    return f"{'until' if has_pass(user, now) else 'ended'} {date_and_time(user.pass_until, zone)}"


def _ban(user: User, now: datetime, zone: ZoneInfo) -> list[str]:
    if not user.is_banned:
        return ["Banned: no"]
    if not is_banned(user, now):
        assert user.banned_until is not None, "a ban for ever does not end"
        return [f"Banned: no (it ended {date_and_time(user.banned_until, zone)})"]
    lines = [f"<b>Banned</b> {_until(user, zone)}"]
    return [*lines, f"Reason: {isolate(user.ban_reason, _REASON_SHOWN)}"] if user.ban_reason else lines


def _until(user: User, zone: ZoneInfo) -> str:
    return f"until {date_and_time(user.banned_until, zone)}" if user.banned_until else "for ever"


def _confirm_ban(user: User) -> str:
    return (
        f"Ban {name_of(user)} for ever?\n\n"
        "The person gets no posts any more, not by old buttons either, and is not told before trying. "
        f"For a time, or with a reason: <code>/ban {user.user_id} 7d reason</code>."
    )


def _confirm_unban(user: User) -> str:
    return f"Let {name_of(user)} in again? The person gets posts as everybody does."


def banned(user: User, *, was_known: bool, zone: ZoneInfo) -> str:
    """Answer a ban. `was_known`: whether the subscriber had opened the user bot before."""
    lines = [f"{name_of(user)} is banned {_until(user, zone)}."]
    if user.ban_reason:
        lines.append(f"Reason: {isolate(user.ban_reason, REASON_MAX)}")
    if not was_known:
        lines.append("Nobody with this ID has opened the user bot yet. Whoever does is kept out.")
    return "\n".join(lines)


def unbanned(user: User) -> str:
    return f"{name_of(user)} is let in again."


def not_banned(user_id: int) -> str:
    return f"Nobody with the ID <code>{user_id}</code> is banned. Nothing was changed."


def granted_credits(user: User, amount: int, settings: BotSettings, *, is_new: bool) -> str:
    """Answer a grant of credits. `is_new` False: this command was carried out before."""
    once = "" if is_new else " That was done before; nothing was added twice."
    got = f"{name_of(user)} got {counted(amount, 'credit')} and has {user.credits:,} now."
    return f"{got}{once}{_without_effect(settings)}"


def granted_days(user: User, days: int, settings: BotSettings, zone: ZoneInfo, *, is_new: bool) -> str:
    """Answer a grant of days. `is_new` as in `granted_credits`."""
    assert user.pass_until is not None, "a pass that was prolonged ends"
    once = "" if is_new else " That was done before; nothing was added twice."
    until = date_and_time(user.pass_until, zone)
    return f"{name_of(user)} got {counted(days, 'day')}: the pass holds until {until}.{once}{_without_effect(settings)}"


def _without_effect(settings: BotSettings) -> str:
    if settings.access_mode is not AccessMode.OPEN:
        return ""
    return "\nPosts are open to everybody at the moment: it counts once you change “Who gets posts” in the settings."
