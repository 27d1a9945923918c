"""Verification tokens: the record, when it is expired, and what its page decides (DESIGN §7.6)."""

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
    #: what stands behind the button "Verify"
    link: str = ""
    #: the page at `/v/<token>` verifies; without one the link back to the bot does
    has_page: bool = False
    #: username of the bot the way back leads to
    bot_username: str = ""
    #: the person's language as Telegram tells it; None: not known
    language: str | None = None
    created_at: datetime
    #: when the button was first shown
    shown_at: datetime | None = None
    expires_at: datetime
    verified_at: datetime | None = None
    redeemed_at: datetime | None = None
    #: when what it pays was paid out; None after redeeming: a crash came between
    granted_at: datetime | None = None
    elapsed_seconds: float | None = None
    #: given for one that was bypassed, without counting against the day
    is_replacement: bool = False


class VerificationResult(StrEnum):
    """What the page or the link back says of a token. A closed list."""

    #: the way is done (now, or a moment ago already)
    VERIFIED = "verified"
    #: no such token
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    #: it has paid out already
    USED = "used"
    #: done faster than anybody can
    TOO_FAST = "too_fast"
    #: not reached through a shortener's page
    WRONG_ORIGIN = "wrong_origin"
    #: found to be too fast or from elsewhere before
    BYPASSED = "bypassed"


#: results that make a token `bypassed`, for good
BYPASSING = frozenset({VerificationResult.TOO_FAST, VerificationResult.WRONG_ORIGIN})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the visitor came from, and where they should have come from. Hosts in lower case."""

    host: str | None
    allowed: frozenset[str]


def is_expired(expires_at: datetime, now: datetime) -> bool:
    """Strictly before `now` (DESIGN §4)."""
    return expires_at < now


def check_token(
    token: Token | None, settings: BotSettings, now: datetime, origin: Origin | None = None
) -> VerificationResult:
    """What becomes of the token now. `origin`: None where no page is involved.

    Time and origin are only asked of a token that leads through a shortener: without one there is nothing to skip.
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
    """Time since the person was first shown the button; negative when the clock was put back meanwhile."""
    return now - (token.shown_at or token.created_at)
