"""`/api/admin/session`: signing in, who is signed in, getting a new token, signing out."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response

from core.clock import to_milliseconds
from core.team.rights import Right, may
from database.team import Team
from views.catalogues import team_language
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.guard import caller_of
from web_app.api.models import PageMember, SignedIn, SignIn, body_of
from web_app.auth.devices import device_of
from web_app.auth.tokens import Session
from web_app.languages import accepted_language
from web_app.pages.views import views_of
from web_app.problems import Problem

#: the two proofs; a request has one of them at most
BOTH = frozenset({"init_data", "code"})


def session_router(access: ApiAccess, team: Team, zone: ZoneInfo) -> APIRouter:
    """The routes of the session. `zone`: of the times that people see."""
    router = APIRouter(tags=["session"])
    described = body_of(SignIn, {"not": {"required": sorted(BOTH)}}) | {"security": []}

    @router.post("/session", response_model=SignedIn, openapi_extra=described)
    async def sign_in(request: Request) -> SignedIn:
        """Sign in with a Mini App's data or a link's code, or get a new token of the existing session (`{}`)."""
        # checked without a cookie too: the answer sets one
        access.check_origin(request)
        body = await read_model(request, SignIn)
        session = await _session(access, request, body)
        token = access.give_cookie(request, session)
        came_by_cookie = body.init_data is None and body.code is None and caller_of(request.state).by_cookie
        return SignedIn(
            token=None if came_by_cookie else token,
            expires_at=session.expires_at,
            signed_in_until=session.ends_at,
            user_id=session.user_id,
            role=session.role,
        )

    @router.get("/session", response_model=PageMember)
    async def member(request: Request, operator: Annotated[Operator, Depends(access.operator)]) -> PageMember:
        """Who is signed in, and what they may do and see now."""
        accepted = accepted_language(request.headers.get("accept-language", ""))
        return PageMember(
            user_id=operator.user_id,
            role=operator.role,
            rights=sorted(right.value for right in Right if may(operator.role, right)),
            views=views_of(operator.role),
            language=team_language(*await team.languages_of(operator.user_id, accepted)),
            zone=zone.key,
            now=to_milliseconds(access.clock.now()),
        )

    @router.delete("/session", status_code=204)
    async def sign_out(request: Request) -> Response:
        """End the session: every token of this sign-in is refused from now on."""
        await access.authenticator.sign_out(access.session(request))
        access.remove_cookie(request)
        return Response(status_code=204)

    return router


async def _session(access: ApiAccess, request: Request, body: SignIn) -> Session:
    authenticator = access.authenticator
    if body.model_fields_set >= BOTH:
        raise Problem(422, "bad_request", "Sign in with init_data or with code, not with both.")
    device = device_of(request.headers.get("user-agent", ""))
    if body.init_data is not None:
        return await authenticator.sign_in_from_mini_app(body.init_data, device)
    if body.code is not None:
        return await authenticator.sign_in_by_code(body.code, device)
    session = access.session(request)
    return authenticator.refresh(session, await authenticator.member_role(session))
