"""`/api/admin/session`: signing in, a new token, signing out."""

from fastapi import APIRouter, Request, Response

from web_app.api.access import ApiAccess, read_model
from web_app.api.models import SignedIn, SignIn, body_of
from web_app.auth.tokens import Session
from web_app.problems import Problem

#: nobody needs both
BOTH = frozenset({"init_data", "code"})


def session_router(access: ApiAccess) -> APIRouter:
    """Both routes."""
    router = APIRouter(tags=["session"])
    described = body_of(SignIn, {"not": {"required": sorted(BOTH)}}) | {"security": []}

    @router.post("/session", response_model=SignedIn, openapi_extra=described)
    async def sign_in(request: Request) -> SignedIn:
        """Sign in with a Mini App's data or a link's code, or get a new token of the session there is (`{}`)."""
        # also without a cookie: it would get one
        access.check_origin(request)
        body = await read_model(request, SignIn)
        session = await _session(access, request, body)
        token = access.keep(request, session)
        return SignedIn(
            token=token,
            expires_at=session.expires_at,
            signed_in_until=session.ends_at,
            user_id=session.user_id,
            role=session.role,
        )

    @router.delete("/session", status_code=204)
    async def sign_out(request: Request) -> Response:
        """End the session: no token of this sign-in is taken any more."""
        await access.door.sign_out(access.session(request))
        access.forget(request)
        return Response(status_code=204)

    return router


async def _session(access: ApiAccess, request: Request, body: SignIn) -> Session:
    if body.model_fields_set >= BOTH:
        raise Problem(422, "bad_request", "Sign in with init_data or with code, not with both.")
    if body.init_data is not None:
        return await access.door.sign_in_from_mini_app(body.init_data)
    if body.code is not None:
        return await access.door.sign_in_by_code(body.code)
    session = access.session(request)
    return access.door.refresh(session, await access.door.admit(session))
