"""The web app, put together; touches neither network nor database."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from web_app.api.access import ApiAccess
from web_app.api.app import api_router
from web_app.api.guard import ApiGuard
from web_app.auth.cookie import Cookies
from web_app.auth.sign_in import Door, Roles
from web_app.errors import ErrorPages
from web_app.headers import SafeHeaders
from web_app.health import health_router
from web_app.pages.assets import Assets
from web_app.pages.dashboard import dashboard_router
from web_app.pages.rendering import Pages
from web_app.pages.verification import verification_router
from web_app.problems import is_api, misunderstood, refused
from web_app.rate_limit import RateLimit
from web_app.services import AdminServices, Services

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
    if services.has_page:
        app.include_router(verification_router(services, pages))
    app.include_router(health_router(services.clock))
    _add_files(app, assets)
    _add_refusals(app, pages)
    if services.admin is not None:
        _add_admin(app, services, services.admin, assets)
    app.add_middleware(ErrorPages, pages=pages)
    app.add_middleware(SafeHeaders)  # the last one is the outermost
    return app


def _add_admin(app: FastAPI, services: Services, admin: AdminServices, assets: Assets) -> None:
    door = Door(admin.keys, Roles(admin.owner_ids, admin.monotonic), services.clock)
    cookies = Cookies(admin.base_url)
    app.include_router(api_router(admin, ApiAccess(door, cookies, services.clock), services.base_path))
    app.include_router(dashboard_router(services, assets))
    counts = RateLimit(admin.monotonic)
    app.add_middleware(ApiGuard, door=door, cookies=cookies, limits=admin.limits, counts=counts)


def _add_refusals(app: FastAPI, pages: Pages) -> None:
    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if is_api(request.url.path):
            return refused(error)
        if error.status_code == 404:
            return pages.nothing_here()
        return pages.not_understood(error.status_code, error.headers)

    async def misread(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return refused(misunderstood(error))

    app.add_exception_handler(HTTPException, refuse)
    app.add_exception_handler(RequestValidationError, misread)


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
