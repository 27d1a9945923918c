"""The web app, put together; touches neither network nor database."""

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from web_app.assets import Assets
from web_app.errors import ErrorPages
from web_app.headers import SafeHeaders
from web_app.pages import Pages
from web_app.services import Services
from web_app.verification import verification_router

ROBOTS = "User-agent: *\nDisallow: /\n"


def build_app(services: Services) -> FastAPI:
    """The app with all its routes. Reads templates, style sheet and catalogues."""
    assets = Assets(services.base_path)
    pages = Pages(services, assets)
    app = FastAPI(
        title="Tollgate",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # the address it would send people to comes from the request's Host header
        redirect_slashes=False,
        # addresses hold tokens: they are told nobody, whatever the environment says
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(verification_router(services, pages))
    _add_files(app, assets)

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return pages.nothing_here()
        return pages.not_understood(error.status_code, error.headers)

    app.add_exception_handler(HTTPException, refuse)
    app.add_middleware(ErrorPages, pages=pages)
    app.add_middleware(SafeHeaders)  # the last one is the outermost
    return app


def _add_files(app: FastAPI, assets: Assets) -> None:
    @app.api_route("/static/{name}", methods=["GET", "HEAD"])
    async def static(name: str, v: str | None = None) -> Response:
        answer = assets.answer(name, v)
        if answer is None:
            raise HTTPException(404)
        return answer

    @app.api_route("/robots.txt", methods=["GET", "HEAD"])
    async def robots() -> Response:
        return PlainTextResponse(ROBOTS)
