"""Signs members of the team in, checks the session of each request, and signs them out."""

from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.team.admins import Role
from core.team.rights import Right, may
from core.team.sessions import OpenSession, SignInWay
from database.operations import login_ops, session_ops
from database.operations.team import notice_ops, open_session_ops
from database.operations.team.notice_ops import SignInNotice
from database.team import Team
from views.catalogues import team_language
from web_app import audit
from web_app.auth import mini_app, tokens
from web_app.auth.tokens import Session
from web_app.problems import forbidden, unauthorized
from web_app.services import Keys

log = structlog.get_logger("tollgate.web_app")

#: how long a Mini App's data is stored as used: by then it is too old to be accepted
_USED_FOR = mini_app.AGE_MAX + timedelta(minutes=5)


class Authenticator:
    """Accepts members of the team. For anybody else the methods raise Problem, 401 or 403."""

    def __init__(self, keys: Keys, team: Team, clock: Clock) -> None:
        self._keys = keys
        self._team = team
        self._clock = clock

    def read_token(self, token: str) -> Session | None:
        """Return the session of a token; None when it is forged, foreign or expired. Queries nothing."""
        try:
            return tokens.read_token(token, self._keys.sessions, self._clock.now())
        except tokens.BadToken as error:
            log.debug("session.refused", reason=str(error))
            return None

    def write_token(self, session: Session) -> str:
        """Return a signed token of the session."""
        return tokens.write_token(session, self._keys.sessions)

    async def sign_in_from_mini_app(self, text: str, device: str = "") -> Session:
        """Start a session for the person whose initData `text` is. The same initData signs in once across processes."""
        now = self._clock.now()
        try:
            opened = mini_app.read_init_data(text, self._keys.mini_app, now)
        except mini_app.NotFromTelegram as error:
            log.info("session.mini_app_refused", reason=str(error))
            raise unauthorized(was_given=True) from None
        role = await self._member_role(opened.user_id)
        if not await session_ops.revoke(f"initdata:{opened.digest}", opened.signed_at + _USED_FOR):
            # also after a first call whose answer from the database was lost
            log.info("session.mini_app_replayed", user_id=opened.user_id)
            raise unauthorized(was_given=True)
        if await session_ops.is_refused(opened.user_id, opened.signed_at):
            log.info("session.mini_app_opened_before_all_ended", user_id=opened.user_id)
            raise unauthorized(was_given=True)
        return await self._start_session(opened.user_id, role, now, SignInWay.MINI_APP, device)

    async def sign_in_by_code(self, code: str, device: str = "") -> Session:
        """Start a session for the person the link was made for. The code is used up even when this raises."""
        now = self._clock.now()
        user_id = await login_ops.redeem(code, now)
        if user_id is None:
            raise unauthorized(was_given=True)
        return await self._start_session(user_id, await self._member_role(user_id), now, SignInWay.LINK, device)

    async def member_role(self, session: Session, *, is_change: bool = False) -> Role:
        """Return the role of the session's person, after checking that the session was not ended.

        For a change it is read now; else a change by another process is seen after at most five seconds.
        """
        # who was removed reads that the page is for the team, not that they may sign in again
        role = await self._member_role(session.user_id, is_change=is_change)
        if await session_ops.is_refused(session.user_id, session.signed_in_at, session.sid):
            raise unauthorized(was_given=True)
        return role

    def refresh(self, session: Session, role: Role) -> Session:
        """Return the same session with a later expiry; the old token stays valid until its own."""
        return tokens.refresh_session(session, role, self._clock.now())

    async def sign_out(self, session: Session) -> None:
        """Revoke every token of the session's sign-in. Idempotent."""
        if await open_session_ops.end(session.sid, session.ends_at):
            await audit.record(self._clock.now(), session.user_id, "session.ended", None)

    async def _member_role(self, user_id: int, *, is_change: bool = False) -> Role:
        role = await (self._team.role_now(user_id) if is_change else self._team.role_of(user_id))
        if role is None or not may(role, Right.PAGE):
            raise forbidden()
        return role

    async def _start_session(self, user_id: int, role: Role, now: datetime, way: SignInWay, device: str) -> Session:
        """List the session and have its person told, before anybody gets a token of it."""
        session = tokens.new_session(user_id, role, now)
        row = OpenSession(
            sid=session.sid,
            user_id=user_id,
            way=way,
            device=device,
            signed_in_at=session.signed_in_at,
            ends_at=session.ends_at,
        )
        await open_session_ops.add(row)
        language = team_language(*await self._team.languages_of(user_id))
        await notice_ops.add_sign_in(SignInNotice(user_id, way, device, language, now))
        await audit.record(self._clock.now(), user_id, "session.started", way.value)
        return session
