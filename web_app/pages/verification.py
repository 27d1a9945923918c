"""`/v/{token}`: GET and HEAD show the page and change nothing, POST decides.

Every answer is a page. Status: 200 waiting for the button, or verified; 404 unknown token; 410 expired or used; 403
refused (too fast: with the button once more; from another origin; or bypassed before); 429 too many visits.
"""

from fastapi import APIRouter, Request, Response

from core.verification import Origin, Token, VerificationResult, seconds_left
from database.operations import settings_ops
from database.operations.shorteners import shortener_ops
from web_app.bodies import read_form
from web_app.clients import Clients
from web_app.pages.decisions import decide, preview
from web_app.pages.origin import host_of, is_sealed, seal
from web_app.pages.rendering import Form, Pages
from web_app.rate_limit import RateLimit
from web_app.services import Services


def verification_router(services: Services, pages: Pages, clients: Clients) -> APIRouter:
    """The route of the page."""
    router = APIRouter()
    limit = RateLimit(services.clock)

    # one route for all methods, so that Allow of a 405 lists all of them
    @router.api_route("/v/{token}", methods=["GET", "HEAD", "POST"])
    async def verification(request: Request, token: str) -> Response:
        if wait_s := limit.count(clients.address_of(request.scope), services.visits_max):
            return pages.too_many(request.headers, wait_s)
        return await (finish if request.method == "POST" else show)(request, token)

    async def show(request: Request, text: str) -> Response:
        token, result = await preview(text, services.clock)
        wait_s = await wait_of(token) if result is None else 0
        form = await _form(services, text, request.headers.get("referer"))
        return pages.of_token(token, result, request.headers, form=form, wait_s=wait_s)

    async def wait_of(token: Token | None) -> int:
        now = services.clock.now()
        return 0 if token is None else seconds_left(token, await settings_ops.current(now), now)

    async def finish(request: Request, text: str) -> Response:
        host = _host(services, text, await read_form(request))
        # a visitor from nowhere is from none of them
        origin = Origin(host, frozenset() if host is None else await _hosts(services))
        token, result = await decide(text, origin, services.clock, services.zone)
        if result is VerificationResult.TOO_FAST:
            form = Form() if host is None else Form(host, seal(services.page_key, text, host))
            return pages.of_token(token, result, request.headers, form=form, wait_s=await wait_of(token))
        return pages.of_token(token, result, request.headers, redirects=result is VerificationResult.VERIFIED)

    return router


async def _hosts(services: Services) -> frozenset[str]:
    """The hosts a visitor may come from, in lower case, as of at most 5 seconds ago.

    Also those of paused and removed shorteners: links made before are still open.
    """
    return services.shortener_hosts | await shortener_ops.hosts_of_chat(services.clock.now())


async def _form(services: Services, token: str, referer: str | None) -> Form:
    """The hidden fields: the sealed host of the Referer when it is a shortener's, else nothing."""
    host = host_of(referer)
    if host is None or host not in await _hosts(services):
        return Form()
    return Form(host, seal(services.page_key, token, host))


def _host(services: Services, token: str, fields: dict[str, str]) -> str | None:
    """The host in the form; None when its seal is wrong or missing."""
    host = fields.get("host", "")
    return host if is_sealed(services.page_key, token, host, fields.get("seal", "")) else None
