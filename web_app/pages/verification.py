"""`/v/{token}`: GET and HEAD show the page and change nothing, POST decides.

Every answer is a page. Status: 200 waiting for the button, or verified; 404 unknown token; 410 expired or used; 403
refused (too fast, from another origin, or bypassed before).
"""

from fastapi import APIRouter, Request, Response

from core.verification import Origin, VerificationResult
from database.operations.shorteners import shortener_ops
from web_app.bodies import read_form
from web_app.pages.decisions import decide, preview
from web_app.pages.origin import host_of, is_sealed, seal
from web_app.pages.rendering import Form, Pages
from web_app.services import Services


def verification_router(services: Services, pages: Pages) -> APIRouter:
    """The route of the page."""
    router = APIRouter()

    # one route for all methods, so that Allow of a 405 lists all of them
    @router.api_route("/v/{token}", methods=["GET", "HEAD", "POST"])
    async def verification(request: Request, token: str) -> Response:
        if request.method == "POST":
            return await finish(request, token)
        return await show(request, token)

    async def show(request: Request, text: str) -> Response:
        token, result = await preview(text, services.clock)
        return pages.of_token(token, result, form=await _form(services, text, request.headers.get("referer")))

    async def finish(request: Request, text: str) -> Response:
        host = _host(services, text, await read_form(request))
        # a visitor from nowhere is from none of them
        origin = Origin(host, frozenset() if host is None else await _hosts(services))
        token, result = await decide(text, origin, services.clock, services.zone)
        return pages.of_token(token, result, redirects=result is VerificationResult.VERIFIED)

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
