"""Verification tokens: the record, its expiry, and the result of a verification (DESIGN §7.6)."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.records import Record
from core.settings import BotSettings


class TokenStatus(StrEnum):
    UNUSED = "unused"
    VERIFIED = "verified"
    BYPASSED = "bypassed"


class Token(Record):
    """A verification token. Times are aware UTC."""

    token: str
    user_id: int
    #: the post that is delivered when the token is redeemed
    post_code: str | None = None
    status: TokenStatus = TokenStatus.UNUSED
    #: name of the shortener the link leads through; None: the link is the destination itself
    shortener: str | None = None
    #: made while shorteners were configured: it takes the time, even where none of them answered
    is_timed: bool = False
    #: address of the button "Unlock"
    link: str = ""
    #: verified by the page at `/v/<token>`; without one, by the return to the bot
    has_page: bool = False
    #: username of the bot to return to
    bot_username: str = ""
    #: the subscriber's language as Telegram reports it; None: not known
    language: str | None = None
    created_at: datetime
    #: when the button was first shown
    shown_at: datetime | None = None
    expires_at: datetime
    verified_at: datetime | None = None
    #: when it was tried too fast or from elsewhere, first; what has a page goes on after that
    bypassed_at: datetime | None = None
    redeemed_at: datetime | None = None
    #: when its reward was paid out; None after redeeming: a crash came between
    granted_at: datetime | None = None
    elapsed_seconds: float | None = None
    #: created in place of a bypassed one, without counting against the day's limit
    is_replacement: bool = False
    #: the update that a replacement of this bypassed one was made for
    replaced_for: str | None = None


class VerificationResult(StrEnum):
    """The result of checking a token, by its page or by the return to the bot. A closed list."""

    #: verified, now or before
    VERIFIED = "verified"
    #: no such token
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    #: redeemed before
    USED = "used"
    #: finished in less than `min_verify_seconds`
    TOO_FAST = "too_fast"
    #: not reached through a shortener's page
    WRONG_ORIGIN = "wrong_origin"
    #: was too fast or of a wrong origin before
    BYPASSED = "bypassed"


#: results of a try that does not count
BYPASSING = frozenset({VerificationResult.TOO_FAST, VerificationResult.WRONG_ORIGIN})


@dataclass(frozen=True, slots=True)
class Origin:
    """The host a visitor came from, and the hosts that are accepted. In lower case."""

    host: str | None
    allowed: frozenset[str]


def is_expired(expires_at: datetime, now: datetime) -> bool:
    """Return whether `expires_at` is strictly before `now` (DESIGN §4)."""
    return expires_at < now


def check_token(
    token: Token | None, settings: BotSettings, now: datetime, origin: Origin | None = None
) -> VerificationResult:
    """Return the result of verifying the token now; None is an unknown one. `origin`: None without a page.

    Time is checked where there are shorteners, also when none of them answered; the origin only of a link that leads
    through one.
    """
    if token is None:
        return VerificationResult.UNKNOWN
    if token.redeemed_at is not None:
        return VerificationResult.USED
    if token.status is TokenStatus.BYPASSED:
        return VerificationResult.BYPASSED
    if is_expired(token.expires_at, now):
        return VerificationResult.EXPIRED
    if token.status is TokenStatus.VERIFIED or not takes_time(token):
        return VerificationResult.VERIFIED
    if timedelta() <= elapsed(token, now) < timedelta(seconds=settings.min_verify_seconds):
        return VerificationResult.TOO_FAST
    leads_through_shortener = token.shortener is not None
    if (
        leads_through_shortener
        and settings.require_referer
        and origin is not None
        and origin.host not in origin.allowed
    ):
        return VerificationResult.WRONG_ORIGIN
    return VerificationResult.VERIFIED


def takes_time(token: Token) -> bool:
    """Return whether `min_verify_seconds` holds for it."""
    return token.is_timed or token.shortener is not None


def ends_when_bypassed(token: Token) -> bool:
    """Return whether a try that does not count ends it for good.

    Only where the subscriber comes back from a shortener to the bot, which knows who it is. A page does not: whoever
    knows its address would spoil it for the subscriber. And a link straight to the bot passes nothing by.
    """
    return token.shortener is not None and not token.has_page


def elapsed(token: Token, now: datetime) -> timedelta:
    """Return the time since the button was first shown; negative when the clock was put back meanwhile."""
    return now - (token.shown_at or token.created_at)


def seconds_needed(token: Token, settings: BotSettings) -> int | None:
    """Return the seconds that a bypassed token had at least needed; None when it was not bypassed by being too fast."""
    at = token.bypassed_at
    is_too_fast = at is not None and timedelta() <= elapsed(token, at) < timedelta(seconds=settings.min_verify_seconds)
    return settings.min_verify_seconds if is_too_fast else None


def may_be_replaced(token: Token) -> bool:
    """Return whether a bypassed token is replaced without counting: once, and a replacement never."""
    return not token.is_replacement and token.replaced_for is None


def seconds_left(token: Token, settings: BotSettings, now: datetime) -> int:
    """Return the whole seconds until finishing counts; 0 when it does now, or time is not checked."""
    took = elapsed(token, now)
    if not takes_time(token) or took < timedelta():
        return 0
    return max(0, math.ceil((timedelta(seconds=settings.min_verify_seconds) - took).total_seconds()))
