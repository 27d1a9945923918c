"""The gate: whether a subscriber may have a post now. One function, called by the delivery path (DESIGN §7.7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.posts import Post, PostAccess
from core.settings import AccessMode, BotSettings
from core.subscriptions import NO_CHANNELS, Subscription
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

    #: the channels, which are all joined
    subscription: Subscription = NO_CHANNELS


Verdict = Admitted | Banned | NotSubscribed | NoAccess


def decide(
    user: User,
    settings: BotSettings,
    subscription: Subscription,
    now: datetime,
    *,
    code: str,
    access: PostAccess = PostAccess.SETTINGS,
    is_admin: bool = False,
) -> Verdict:
    """Decide by ban, then subscription, then access; never by the text of a message. Admins are always admitted.

    A pass is used before credits, and both are valid in either mode: the mode determines what a verification earns,
    what was earned before stays valid. A post paid for within `resend_grace_minutes` is free. `access`: of the post; it
    takes steps away, and never a ban.
    """
    if is_admin:
        return Admitted()
    ban = ban_of(user, now)
    if ban is not None:
        return ban
    if access is PostAccess.FREE_WITHOUT_CHANNELS:
        return Admitted()
    if not subscription.is_fulfilled:
        return NotSubscribed(subscription)
    if access is PostAccess.FREE or not requires_access(settings):
        return Admitted()
    if has_pass(user, now) or is_paid(user, settings, now, code):
        return Admitted()
    return Admitted(costs_credit=True) if user.credits > 0 else NoAccess(subscription)


def is_unlock_ahead(user: User, settings: BotSettings, now: datetime, post: Post) -> bool:
    """Return whether an unlock comes after the channels: the subscriber has nothing that pays for this post."""
    if post.access is not PostAccess.SETTINGS or not requires_access(settings):
        return False
    return user.credits <= 0 and not has_pass(user, now) and not is_paid(user, settings, now, post.code)


def ban_of(user: User, now: datetime, *, is_admin: bool = False) -> Banned | None:
    """Return the refusal of a banned subscriber, before anything else is asked; None for all others, and for admins."""
    return Banned(user.ban_reason, user.banned_until) if not is_admin and is_banned(user, now) else None


def needs_channel_check(
    user: User, now: datetime, *, access: PostAccess = PostAccess.SETTINGS, is_admin: bool = False
) -> bool:
    """Return whether the channels can change the verdict; if not, Telegram need not be asked."""
    return not is_admin and not is_banned(user, now) and access is not PostAccess.FREE_WITHOUT_CHANNELS


class Price(StrEnum):
    """What it costs a subscriber to open a post again. A closed list."""

    FREE = "free"
    CREDIT = "credit"
    #: they would have to unlock first
    UNKNOWN = "unknown"


def price_of(user: User | None, settings: BotSettings, now: datetime, code: str) -> Price:
    """Return what a post with the access of the settings costs this subscriber now, once it is open to them."""
    if not requires_access(settings):
        return Price.FREE
    if user is None:
        return Price.UNKNOWN
    if has_pass(user, now) or is_paid(user, settings, now, code):
        return Price.FREE
    return Price.CREDIT if user.credits > 0 or settings.access_mode is AccessMode.CREDITS else Price.UNKNOWN


@dataclass(frozen=True, slots=True)
class StepsBefore:
    """What a subscriber who has nothing yet passes before a post is delivered."""

    #: required channels to join
    channels: int = 0
    #: whether credits or a pass must be earned
    has_unlock: bool = False


def steps_before(post: Post, settings: BotSettings, required_channels: int) -> StepsBefore:
    """Return the steps before this post, with the settings and the number of required channels of now."""
    if post.access is PostAccess.FREE_WITHOUT_CHANNELS:
        return StepsBefore()
    return StepsBefore(required_channels, requires_access(settings) and post.access is PostAccess.SETTINGS)


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
