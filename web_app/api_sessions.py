"""`/api/admin/session`: signing in, a new token, signing out."""

from fastapi import APIRouter, Request, Response

from web_app.api_gate import Gate, read_wish
from web_app.api_models import SignedIn, SignIn, body_of
from web_app.api_problems import Problem
from web_app.auth_tokens import Session

#: nobody needs both
BOTH = frozenset({"init_data", "code"})


def session_router(gate: Gate) -> APIRouter:
    """Both routes."""
    router = APIRouter(tags=["session"])
    described = body_of(SignIn, {"not": {"required": sorted(BOTH)}}) | {"security": []}

    @router.post("/session", response_model=SignedIn, openapi_extra=described)
    async def sign_in(request: Request) -> SignedIn:
        """Sign in with a Mini App's data or a link's code, or get a new token of the session there is (`{}`)."""
        # also without a cookie: it would get one
        gate.check_origin(request)
        wish = await read_wish(request, SignIn)
        session = await _session(gate, request, wish)
        token = gate.keep(request, session)
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
        await gate.door.sign_out(gate.session(request))
        gate.forget(request)
        return Response(status_code=204)

    return router


async def _session(gate: Gate, request: Request, wish: SignIn) -> Session:
    if wish.model_fields_set >= BOTH:
        raise Problem(422, "bad_request", "Sign in with init_data or with code, not with both.")
    if wish.init_data is not None:
        return await gate.door.sign_in_from_mini_app(wish.init_data)
    if wish.code is not None:
        return await gate.door.sign_in_by_code(wish.code)
    session = gate.session(request)
    return gate.door.refresh(session, await gate.door.admit(session))
