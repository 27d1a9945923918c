"""`/v/{token}`: GET and HEAD show the page and change nothing, POST decides.

Answers are pages, for link previews, prefetching browsers and people alike. Status: 200 it waits for its button, or is
verified; 404 no such token; 410 expired or used; 403 it does not count (too fast, from elsewhere, or found so before).
"""

from fastapi import APIRouter, Request, Response

from core.verification import Origin, VerificationResult
from web_app.bodies import read_form
from web_app.pages.decisions import decide, look
from web_app.pages.origin import host_of, is_sealed, seal
from web_app.pages.rendering import Form, Pages
from web_app.services import Services


def verification_router(services: Services, pages: Pages) -> APIRouter:
    """The one route of the page, put together from its parts."""
    router = APIRouter()

    # one route for all methods: then 405 names all of them
    @router.api_route("/v/{token}", methods=["GET", "HEAD", "POST"])
    async def verification(request: Request, token: str) -> Response:
        if request.method == "POST":
            return await finish(request, token)
        return await show(request, token)

    async def show(request: Request, text: str) -> Response:
        token, result = await look(text, services.clock)
        return pages.of_token(token, result, form=_form(services, text, request.headers.get("referer")))

    async def finish(request: Request, text: str) -> Response:
        host = _host(services, text, await read_form(request))
        token, result = await decide(text, Origin(host, services.shortener_hosts), services.clock)
        return pages.of_token(token, result, goes_on=result is VerificationResult.VERIFIED)

    return router


def _form(services: Services, token: str, referer: str | None) -> Form:
    """What the page remembers of where the visitor came from: nothing, or one of the shorteners' hosts."""
    host = host_of(referer)
    if host is None or host not in services.shortener_hosts:
        return Form()
    return Form(host, seal(services.page_key, token, host))


def _host(services: Services, token: str, fields: dict[str, str]) -> str | None:
    """The host the page wrote into its form; None when the form is not as our page wrote it."""
    host = fields.get("host", "")
    is_ours = is_sealed(services.page_key, token, host, fields.get("seal", ""))
    return host if is_ours else None
