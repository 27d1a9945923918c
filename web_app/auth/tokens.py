"""Session tokens (JWT): their claims, how they are signed and verified. No database access here."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.team.admins import Role
from core.team.sessions import SESSION_FOR

#: pinned: the algorithm in a token's header is not trusted
ALGORITHM = "HS256"
AUDIENCE = ISSUER = "tollgate-admin"
#: how long one token is valid
TOKEN_FOR = timedelta(minutes=15)
#: a token in a cookie is replaced when it expires in less than this
REFRESH_BELOW = timedelta(minutes=5)
#: how far the clock of the process that issued the token may be ahead of ours
AHEAD_MAX = timedelta(seconds=30)
#: characters; ours have some 400
TOKEN_MAX = 2048


class BadToken(Exception):
    """Forged, foreign or expired. The message is for the log."""


class _Payload(BaseModel):
    """The claims of a token; times are whole seconds since 1970."""

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
    """The content of one token. Times are aware UTC, whole seconds."""

    user_id: int
    #: at the time of issue; the current role is checked with each request
    role: str
    #: `jti` is the token's own id; `sid` is shared by all tokens of one sign-in, which a sign-out ends together
    jti: str
    sid: str
    issued_at: datetime
    expires_at: datetime
    signed_in_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When the person has to sign in again; refreshing does not extend it."""
        return self.signed_in_at + SESSION_FOR

    def is_due(self, now: datetime) -> bool:
        """Whether a token in a cookie should be replaced: it expires soon, and a new one would be valid for longer."""
        return self.expires_at - now < REFRESH_BELOW and self.expires_at < self.ends_at


def new_session(user_id: int, role: Role, now: datetime) -> Session:
    """A session that starts now."""
    return _session(user_id, role, secrets.token_urlsafe(16), now.replace(microsecond=0), now)


def refresh_session(session: Session, role: Role, now: datetime) -> Session:
    """The same session with a new token; the older token keeps its expiry."""
    return _session(session.user_id, role, session.sid, session.signed_in_at, now)


def _session(user_id: int, role: Role, sid: str, signed_in_at: datetime, now: datetime) -> Session:
    issued_at = now.replace(microsecond=0)
    expires_at = min(issued_at + TOKEN_FOR, signed_in_at + SESSION_FOR)
    return Session(user_id, role.value, secrets.token_urlsafe(16), sid, issued_at, expires_at, signed_in_at)


def write_token(session: Session, key: bytes) -> str:
    """Sign the session as a token."""
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
    """Verify a token and return its session.

    Raises BadToken when it is forged, foreign, expired (`exp <= now`), issued in the future, or its session has ended.
    """
    if len(token) > TOKEN_MAX:
        raise BadToken("too long")
    try:
        # times are compared below, with our own clock: the sandbox moves it
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
