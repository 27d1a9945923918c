"""Session tokens (JWT): what stands in them, how they are made and read. Nothing is asked of the database here."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.admins import Role

#: pinned: what a token says of itself decides nothing
ALGORITHM = "HS256"
AUDIENCE = ISSUER = "tollgate-admin"
#: how long one token holds, and how long a session lasts however often it is refreshed
HOLDS_FOR, SESSION_FOR = timedelta(minutes=15), timedelta(hours=12)
#: a page's token is replaced when less than this is left of it
REFRESH_BELOW = timedelta(minutes=5)
#: how far another process's clock may be before ours
AHEAD_MAX = timedelta(seconds=30)
#: characters; ours have some 400
TOKEN_MAX = 2048


class BadToken(Exception):
    """No token of ours, or one that holds no more; the text is for the log."""


class _Payload(BaseModel):
    """The claims as they stand in the token; times are whole seconds since 1970."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sub: str = Field(pattern=r"^[1-9][0-9]{0,15}$")
    role: str
    jti: str = Field(min_length=1, max_length=64)
    sid: str = Field(min_length=1, max_length=64)
    iat: int = Field(ge=0, lt=1 << 36)
    exp: int = Field(ge=0, lt=1 << 36)
    auth_time: int = Field(ge=0, lt=1 << 36)
    aud: str
    iss: str


@dataclass(frozen=True, slots=True)
class Session:
    """What one token says. Times are aware UTC, whole seconds."""

    user_id: int
    #: when it was made; what counts is asked anew with each request
    role: str
    #: of this token alone, and of all that come from one sign-in: signing out ends them together
    jti: str
    sid: str
    issued_at: datetime
    expires_at: datetime
    signed_in_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When the person has to sign in again, whatever is refreshed."""
        return self.signed_in_at + SESSION_FOR

    def is_due(self, now: datetime) -> bool:
        """Whether a page's token is to be replaced, and a new one would hold longer."""
        return self.expires_at - now < REFRESH_BELOW and self.expires_at < self.ends_at


def begun(user_id: int, role: Role, now: datetime) -> Session:
    """A session that begins now."""
    return _session(user_id, role, secrets.token_urlsafe(16), now.replace(microsecond=0), now)


def refreshed(session: Session, role: Role, now: datetime) -> Session:
    """The same session with a new token; the older one holds as long as it did."""
    return _session(session.user_id, role, session.sid, session.signed_in_at, now)


def _session(user_id: int, role: Role, sid: str, signed_in_at: datetime, now: datetime) -> Session:
    issued_at = now.replace(microsecond=0)
    expires_at = min(issued_at + HOLDS_FOR, signed_in_at + SESSION_FOR)
    return Session(user_id, role.value, secrets.token_urlsafe(16), sid, issued_at, expires_at, signed_in_at)


def write_token(session: Session, key: bytes) -> str:
    """The session as a signed token."""
    claims = {
        "sub": str(session.user_id),
        "role": session.role,
        "jti": session.jti,
        "sid": session.sid,
        "iat": int(session.issued_at.timestamp()),
        "exp": int(session.expires_at.timestamp()),
        "auth_time": int(session.signed_in_at.timestamp()),
        "aud": AUDIENCE,
        "iss": ISSUER,
    }
    return jwt.encode(claims, key, ALGORITHM)


def read_token(token: str, key: bytes, now: datetime) -> Session:
    """What a token of ours says. Raises BadToken: forged, foreign, expired (`exp <= now`), of the future, too old."""
    if len(token) > TOKEN_MAX:
        raise BadToken("too long")
    try:
        # times are held against our own clock below, which a sandbox moves
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "strict_aud": True},
        )
        payload = _Payload.model_validate(claims)
    except (jwt.PyJWTError, ValidationError) as error:
        raise BadToken(type(error).__name__) from None
    session = _read(payload)
    if session.issued_at > now + AHEAD_MAX:
        raise BadToken("of the future")
    if session.expires_at <= now or session.ends_at <= now:
        raise BadToken("expired")
    return session


def _read(payload: _Payload) -> Session:
    times = (datetime.fromtimestamp(seconds, UTC) for seconds in (payload.iat, payload.exp, payload.auth_time))
    return Session(int(payload.sub), payload.role, payload.jti, payload.sid, *times)
