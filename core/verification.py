"""Verification tokens: the record, its expiry, and the result of a verification (DESIGN §7.6)."""

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
    redeemed_at: datetime | None = None
    #: when its reward was paid out; None after redeeming: a crash came between
    granted_at: datetime | None = None
    elapsed_seconds: float | None = None
    #: created in place of a bypassed one, without counting against the day's limit
    is_replacement: bool = False


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


#: results that make a token `bypassed`, permanently
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

    Time and origin are checked only for a token whose link leads through a shortener.
    """
    if token is None:
        return VerificationResult.UNKNOWN
    if token.redeemed_at is not None:
        return VerificationResult.USED
    if token.status is TokenStatus.BYPASSED:
        return VerificationResult.BYPASSED
    if is_expired(token.expires_at, now):
        return VerificationResult.EXPIRED
    if token.status is TokenStatus.VERIFIED or token.shortener is None:
        return VerificationResult.VERIFIED
    if timedelta() <= elapsed(token, now) < timedelta(seconds=settings.min_verify_seconds):
        return VerificationResult.TOO_FAST
    if settings.require_referer and origin is not None and origin.host not in origin.allowed:
        return VerificationResult.WRONG_ORIGIN
    return VerificationResult.VERIFIED


def elapsed(token: Token, now: datetime) -> timedelta:
    """Return the time since the button was first shown; negative when the clock was put back meanwhile."""
    return now - (token.shown_at or token.created_at)
