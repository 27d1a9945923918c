"""`/api/admin/sessions`: open sessions of the page, listed and ended: one's own, and everybody's for owners."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from core.team.rights import Right, may
from core.team.sessions import KEY_LENGTH, OpenSession
from database.operations.team import open_session_ops
from database.team import Team
from views.page import sessions as texts
from views.team.words import plain_name
from web_app import audit
from web_app.api.access import ApiAccess, Operator
from web_app.api.people.models import USER_ID_MAX
from web_app.api.people.team_models import ListedSession, SessionList
from web_app.problems import not_there, role_forbids

Key = Annotated[str, Path(pattern=f"^[0-9a-f]{{{KEY_LENGTH}}}$")]
UserId = Annotated[int, Path(ge=1, le=USER_ID_MAX)]


def sessions_router(access: ApiAccess, team: Team) -> APIRouter:
    """The routes of the list. They need no right but the page's: everybody has sessions of their own."""
    router = APIRouter(prefix="/sessions", tags=["session"])
    signed_in = Annotated[Operator, Depends(access.may(Right.PAGE))]

    @router.get("", response_model=SessionList)
    async def sessions(operator: signed_in) -> SessionList:
        """Open sessions, the latest sign-in first: one's own, for owners of everybody; at most 200."""
        found = await _found(access, operator)
        names = {one.user_id: one.name for one in await team.listed()}
        return SessionList(
            sessions=[
                ListedSession(
                    key=one.key,
                    user_id=one.user_id,
                    name=plain_name(names.get(one.user_id, ""), one.user_id),
                    way=one.way,
                    device=one.device,
                    signed_in_at=one.signed_in_at,
                    ends_at=one.ends_at,
                    is_this=one.sid == operator.session.sid,
                )
                for one in found
            ]
        )

    @router.delete("/{key}", status_code=204)
    async def end(key: Key, request: Request, operator: signed_in) -> Response:
        """End one: its next request is refused. 404 when it is over, or somebody else's and one is no owner."""
        one = next((one for one in await _found(access, operator) if one.key == key), None)
        if one is None:
            raise not_there(texts.session_gone())
        if await open_session_ops.end(one.sid, one.ends_at):
            await _record(access, team, operator, "session.ended", one.user_id)
        if one.sid == operator.session.sid:
            access.remove_cookie(request)
        return Response(status_code=204)

    @router.delete("/of/{user_id}", status_code=204)
    async def end_all(user_id: UserId, request: Request, operator: signed_in) -> Response:
        """End all of a person, this one too when they are one's own, and the links that were not opened yet."""
        if user_id != operator.user_id and not may(operator.role, Right.TEAM):
            raise role_forbids(operator.role)
        await open_session_ops.end_all(user_id, access.clock.now())
        await _record(access, team, operator, "session.all_ended", user_id)
        if user_id == operator.user_id:
            access.remove_cookie(request)
        return Response(status_code=204)

    return router


async def _found(access: ApiAccess, operator: Operator) -> list[OpenSession]:
    whose = None if may(operator.role, Right.TEAM) else operator.user_id
    return await open_session_ops.listed(access.clock.now(), whose)


async def _record(access: ApiAccess, team: Team, operator: Operator, action: str, user_id: int) -> None:
    """Write down who ended whose; one's own need no name."""
    name = "" if user_id == operator.user_id else plain_name(await team.name_of(user_id), user_id)
    await audit.record(access.clock.now(), operator.user_id, action, name or None)
