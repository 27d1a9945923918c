"""The gate: may this person have a post now? One function, asked by the delivery path itself (DESIGN §7.7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.settings import AccessMode, BotSettings
from core.subscriptions import Channel, Subscription
from core.users import User, is_banned

#: a charge older than this, and older than the free repeat, is forgotten with the next one
CHARGES_KEPT_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Let in."""

    #: a credit is spent on it
    costs_credit: bool = False


@dataclass(frozen=True, slots=True)
class Banned:
    """Kept out by an admin, until `until` or for ever."""

    reason: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NotSubscribed:
    """Kept out by channels: `missing` are to be joined, of `unsure` nobody can tell."""

    missing: tuple[Channel, ...]
    unsure: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class NoAccess:
    """Neither credits nor a pass, and the access mode asks for one."""


Verdict = Admitted | Banned | NotSubscribed | NoAccess


def decide(
    user: User, settings: BotSettings, subscription: Subscription, now: datetime, *, code: str, is_admin: bool = False
) -> Verdict:
    """Ban, then subscription, then access. Never looks at what the person wrote. Admins always pass.

    A pass goes before credits, and both count in either mode: the mode says what a verification earns, and what was
    earned before stays good. A post paid for within `resend_grace_minutes` costs nothing again.
    """
    if is_admin:
        return Admitted()
    if is_banned(user, now):
        return Banned(user.ban_reason, user.banned_until)
    if not subscription.is_fulfilled:
        return NotSubscribed(subscription.missing, subscription.unsure)
    if settings.access_mode is AccessMode.OPEN or has_pass(user, now) or is_paid(user, settings, now, code):
        return Admitted()
    return Admitted(costs_credit=True) if user.credits > 0 else NoAccess()


def needs_channel_check(user: User, now: datetime, *, is_admin: bool = False) -> bool:
    """Whether the subscription can matter at all: nobody is asked about people it does not decide for."""
    return not is_admin and not is_banned(user, now)


def has_pass(user: User, now: datetime) -> bool:
    """True until `pass_until` (exclusive)."""
    return user.pass_until is not None and user.pass_until > now


def is_paid(user: User, settings: BotSettings, now: datetime, code: str) -> bool:
    """Whether the post was paid for so lately that it is free; a charge of the future counts for nothing."""
    charge = user.charges.get(code)
    grace = timedelta(minutes=settings.resend_grace_minutes)
    return charge is not None and timedelta() <= now - charge.at < grace


def expired_charges(user: User, settings: BotSettings, now: datetime) -> tuple[str, ...]:
    """Codes of posts whose charge no longer matters."""
    keep = max(CHARGES_KEPT_FOR, timedelta(minutes=settings.resend_grace_minutes))
    return tuple(code for code, charge in user.charges.items() if now - charge.at >= keep)


@dataclass(frozen=True, slots=True)
class Earned:
    """What one verification pays out: credits, or time added to the pass."""

    credits: int = 0
    pass_for: timedelta = timedelta()


def earned(settings: BotSettings) -> Earned:
    """What a verification pays out now; a token asked for before access was opened still pays credits."""
    if settings.access_mode is AccessMode.PASS:
        return Earned(pass_for=timedelta(hours=settings.pass_hours))
    return Earned(credits=settings.free_deliveries_per_token)


def requires_access(settings: BotSettings) -> bool:
    """Whether credits or a pass are asked for at all."""
    return settings.access_mode is not AccessMode.OPEN
