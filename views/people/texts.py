"""What admins read when they type /grant, /ban and /unban."""

from zoneinfo import ZoneInfo

from core.settings import AccessMode, BotSettings
from core.users import User
from views.html import isolate
from views.language import _, ngettext
from views.people.bans import REASON_MAX
from views.people.words import name_and_id
from views.times import date_and_time

#: the most one grant can add
CREDITS_MAX, DAYS_MAX = 100_000, 3650


def grant_usage() -> str:
    return _(
        "To give somebody credits: <code>/grant ID credits N</code> (1 to 100000). "
        "To add days to somebody's pass: <code>/grant ID days N</code> (1 to 3650)."
    )


def ban_usage() -> str:
    return _(
        "To keep somebody out: <code>/ban ID</code> for ever, <code>/ban ID 7d</code> for a time (30m, 12h, 7d, 4w), "
        "with a reason behind it if you like (at most {most} characters): "
        "<code>/ban ID 7d sold my posts</code>. The person reads the reason when trying to get a post."
    ).format(most=REASON_MAX)


def unban_usage() -> str:
    return _("To let somebody in again: <code>/unban ID</code>.")


def duration_expected() -> str:
    return _(
        "That is no duration. Send it like 30 min, 12h, 7 days or 4w, at most 3650 days. "
        "Without one the ban holds for ever. A reason that begins with a digit needs a duration before it."
    )


def reason_too_long() -> str:
    return _("That reason is too long: at most {most} characters.").format(most=REASON_MAX)


def credits_expected() -> str:
    return _("Credits are a whole number from 1 to {most}.").format(most=CREDITS_MAX)


def days_expected() -> str:
    return _("Days are a whole number from 1 to {most}.").format(most=DAYS_MAX)


def id_expected() -> str:
    return _("An ID is a number like 123456789. /subscribers finds it by a name or @username.")


def unknown(user_id: int) -> str:
    return _("Nobody with the ID <code>{id}</code> has opened the user bot yet.").format(id=user_id)


def cannot_grant(user_id: int) -> str:
    return _(
        "Nobody with the ID <code>{id}</code> has opened the user bot yet. Only people who have can be given something."
    ).format(id=user_id)


def banned(user: User, *, was_known: bool, zone: ZoneInfo) -> str:
    """Answer a ban. `was_known`: whether the subscriber had opened the user bot before."""
    name = name_and_id(user)
    if user.banned_until:
        lines = [_("{name} is banned until {time}.").format(name=name, time=date_and_time(user.banned_until, zone))]
    else:
        lines = [_("{name} is banned for ever.").format(name=name)]
    if user.ban_reason:
        lines.append(_("Reason: {reason}").format(reason=isolate(user.ban_reason, REASON_MAX)))
    if not was_known:
        lines.append(_("Nobody with this ID has opened the user bot yet. Whoever does is kept out."))
    return "\n".join(lines)


def unbanned(user: User) -> str:
    return _("{name} is let in again.").format(name=name_and_id(user))


def not_banned(user_id: int) -> str:
    return _("Nobody with the ID <code>{id}</code> is banned. Nothing was changed.").format(id=user_id)


def granted_credits(user: User, amount: int, settings: BotSettings, *, is_new: bool) -> str:
    """Answer a grant of credits. `is_new` False: this command was carried out before."""
    got = ngettext(
        "{name} got {count} credit and has {all} now.", "{name} got {count} credits and has {all} now.", amount
    ).format(name=name_and_id(user), count=f"{amount:,}", all=f"{user.credits:,}")
    return _with_notes(got, settings, is_new=is_new)


def granted_days(user: User, days: int, settings: BotSettings, zone: ZoneInfo, *, is_new: bool) -> str:
    """Answer a grant of days. `is_new` as in `granted_credits`."""
    assert user.pass_until is not None, "a pass that was prolonged ends"
    got = ngettext(
        "{name} got {count} day: the pass holds until {time}.",
        "{name} got {count} days: the pass holds until {time}.",
        days,
    ).format(name=name_and_id(user), count=f"{days:,}", time=date_and_time(user.pass_until, zone))
    return _with_notes(got, settings, is_new=is_new)


def _with_notes(got: str, settings: BotSettings, *, is_new: bool) -> str:
    """Add what else there is to know of a grant."""
    said = got if is_new else _("{sentence} That was done before; nothing was added twice.").format(sentence=got)
    if settings.access_mode is not AccessMode.OPEN:
        return said
    when = _("Posts are open to everybody at the moment: it counts once you change “Who gets posts” in the settings.")
    return f"{said}\n{when}"
