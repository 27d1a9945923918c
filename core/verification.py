"""Verification tokens: the record and when it is expired."""

from datetime import datetime
from enum import StrEnum

from core.records import Record


class TokenStatus(StrEnum):
    UNUSED = "unused"
    VERIFIED = "verified"
    BYPASSED = "bypassed"


class Token(Record):
    """A verification token. Times are aware UTC."""

    token: str
    user_id: int
    post_code: str | None = None
    status: TokenStatus = TokenStatus.UNUSED
    shortener: str | None = None
    created_at: datetime
    expires_at: datetime
    verified_at: datetime | None = None
    redeemed_at: datetime | None = None
    elapsed_seconds: float | None = None


def is_expired(expires_at: datetime, now: datetime) -> bool:
    """Strictly before `now` (DESIGN §4)."""
    return expires_at < now
