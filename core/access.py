"""The gate: whether a subscriber may have a post now. One function, called by the delivery path (DESIGN §7.7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.settings import AccessMode, BotSettings
from core.subscriptions import Subscription
from core.users import User, is_banned

#: a charge older than this and than the free repeat is deleted with the next one
CHARGES_KEPT_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The subscriber may have the post."""

    #: for one credit
    costs_credit: bool = False


@dataclass(frozen=True, slots=True)
class Banned:
    """Refused: banned by an admin, until `until` or for ever."""

    reason: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NotSubscribed:
    """Refused: channels are to be joined, or Telegram does not tell whether they are."""

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class NoAccess:
    """Refused: neither credits nor a pass, and the access mode requires one."""


Verdict = Admitted | Banned | NotSubscribed | NoAccess


def decide(
    user: User, settings: BotSettings, subscription: Subscription, now: datetime, *, code: str, is_admin: bool = False
) -> Verdict:
    """Decide by ban, then subscription, then access; never by the text of a message. Admins are always admitted.

    A pass is used before credits, and both are valid in either mode: the mode determines what a verification earns,
    what was earned before stays valid. A post paid for within `resend_grace_minutes` is free.
    """
    if is_admin:
        return Admitted()
    if is_banned(user, now):
        return Banned(user.ban_reason, user.banned_until)
    if not subscription.is_fulfilled:
        return NotSubscribed(subscription)
    if settings.access_mode is AccessMode.OPEN or has_pass(user, now) or is_paid(user, settings, now, code):
        return Admitted()
    return Admitted(costs_credit=True) if user.credits > 0 else NoAccess()


def needs_channel_check(user: User, now: datetime, *, is_admin: bool = False) -> bool:
    """Return whether the channels can change the verdict; if not, Telegram need not be asked."""
    return not is_admin and not is_banned(user, now)


def has_pass(user: User, now: datetime) -> bool:
    """Return whether the user has a pass: until `pass_until`, exclusive."""
    return user.pass_until is not None and user.pass_until > now


def is_paid(user: User, settings: BotSettings, now: datetime, code: str) -> bool:
    """Return whether the post was paid for within the grace time; a charge in the future is ignored."""
    charge = user.charges.get(code)
    grace = timedelta(minutes=settings.resend_grace_minutes)
    return charge is not None and timedelta() <= now - charge.at < grace


def expired_charges(user: User, settings: BotSettings, now: datetime) -> tuple[str, ...]:
    """Return the codes of posts whose charges can be deleted."""
    keep = max(CHARGES_KEPT_FOR, timedelta(minutes=settings.resend_grace_minutes))
    return tuple(code for code, charge in user.charges.items() if now - charge.at >= keep)


@dataclass(frozen=True, slots=True)
class Earned:
    """The reward of one verification: credits, or time added to the pass."""

    credits: int = 0
    pass_for: timedelta = timedelta()


def earned(settings: BotSettings) -> Earned:
    """Return the reward of a verification now; in open mode credits, for tokens requested before the mode changed."""
    if settings.access_mode is AccessMode.PASS:
        return Earned(pass_for=timedelta(hours=settings.pass_hours))
    return Earned(credits=settings.free_deliveries_per_token)


def requires_access(settings: BotSettings) -> bool:
    """Return whether the access mode requires credits or a pass."""
    return settings.access_mode is not AccessMode.OPEN
