"""Who may come in: signing in, each request, signing out."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from core.admins import OPERATORS, Role, role_of
from core.clock import Clock
from core.errors import TollgateError
from database.operations import admin_ops, audit_ops, login_ops, session_ops
from web_app.auth import mini_app
from web_app.auth import tokens as auth_tokens
from web_app.auth.tokens import Session
from web_app.problems import forbidden, unauthorized
from web_app.services import Keys

log = structlog.get_logger("tollgate.web_app")

#: seconds a stored role is taken for true: whoever is no admin any more is out after that
ROLE_HOLDS_S = 5.0
#: people whose roles are remembered
_ROLES_MAX = 1000
#: how long a Mini App's data is remembered as used: by then it is too old to be taken
_USED_FOR = mini_app.AGE_MAX + timedelta(minutes=5)


class Roles:
    """The role of a person: the environment's at once, a stored one asked again after ROLE_HOLDS_S."""

    def __init__(self, owner_ids: frozenset[int], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._owner_ids = owner_ids
        self._monotonic = monotonic
        self._stored: OrderedDict[int, tuple[float, Role | None]] = OrderedDict()

    async def find(self, user_id: int) -> Role | None:
        """None for a stranger. Raises StoreUnavailable."""
        if user_id in self._owner_ids:
            return Role.OWNER
        now = self._monotonic()
        asked_at, stored = self._stored.get(user_id, (None, None))
        if asked_at is None or now - asked_at >= ROLE_HOLDS_S:
            stored = await admin_ops.find_role(user_id)
            self._stored[user_id] = (now, stored)
            self._stored.move_to_end(user_id)
            if len(self._stored) > _ROLES_MAX:
                self._stored.popitem(last=False)
        return role_of(user_id, self._owner_ids, stored)


class Door:
    """Lets owners and managers in; everybody else hears Problem (401 or 403)."""

    def __init__(self, keys: Keys, roles: Roles, clock: Clock) -> None:
        self._keys = keys
        self._roles = roles
        self._clock = clock

    def read(self, token: str) -> Session | None:
        """What a session token says, None for one that is not ours or holds no more. Asks the database nothing."""
        try:
            return auth_tokens.read_token(token, self._keys.sessions, self._clock.now())
        except auth_tokens.BadToken as error:
            log.debug("session.refused", reason=str(error))
            return None

    def write(self, session: Session) -> str:
        """The session as a token."""
        return auth_tokens.write_token(session, self._keys.sessions)

    async def sign_in_from_mini_app(self, text: str) -> Session:
        """A session for whoever opened the Mini App; each opening signs in once, whichever process is asked."""
        now = self._clock.now()
        try:
            opened = mini_app.read_init_data(text, self._keys.mini_app, now)
        except mini_app.NotFromTelegram as error:
            log.info("session.mini_app_refused", reason=str(error))
            raise unauthorized(was_given=True) from None
        role = await self._role(opened.user_id)
        if not await session_ops.revoke(f"initdata:{opened.digest}", opened.signed_at + _USED_FOR):
            # also a first call of which the database's answer was lost
            log.info("session.mini_app_replayed", user_id=opened.user_id)
            raise unauthorized(was_given=True)
        return await self._begin(opened.user_id, role, now, "mini app")

    async def sign_in_by_code(self, code: str) -> Session:
        """A session for the person a link was made for; the code is used up, whatever comes of it."""
        now = self._clock.now()
        user_id = await login_ops.redeem(code, now)
        if user_id is None:
            raise unauthorized(was_given=True)
        return await self._begin(user_id, await self._role(user_id), now, "link")

    async def admit(self, session: Session) -> Role:
        """The role of whoever holds a session that was read; asked anew with each request."""
        if await session_ops.is_revoked(session.sid):
            raise unauthorized(was_given=True)
        return await self._role(session.user_id)

    def refresh(self, session: Session, role: Role) -> Session:
        """The same session with a new token."""
        return auth_tokens.refreshed(session, role, self._clock.now())

    async def sign_out(self, session: Session) -> None:
        """End the session: this token and every other of the same sign-in. May be repeated."""
        if await session_ops.revoke(session.sid, session.ends_at):
            await self._note(session.user_id, "session.ended", None)

    async def _role(self, user_id: int) -> Role:
        role = await self._roles.find(user_id)
        if role not in OPERATORS:
            raise forbidden()
        return role

    async def _begin(self, user_id: int, role: Role, now: datetime, way: str) -> Session:
        await self._note(user_id, "session.begun", way)
        return auth_tokens.begun(user_id, role, now)

    async def _note(self, user_id: int, action: str, target: str | None) -> None:
        await note(self._clock.now(), user_id, action, target)


async def note(at: datetime, admin_id: int, action: str, target: str | None) -> None:
    """Log the action and write it to audit_log. A store that is away is only logged: the deed is done."""
    log.info(action, admin_id=admin_id, target=target)
    try:
        await audit_ops.record(at, admin_id, action, target)
    except TollgateError as error:
        log.warning("audit.not_written", done=action, target=target, error=type(error).__name__)
