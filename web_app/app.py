"""Builds the FastAPI apps from their routers and middlewares. No network and no database access here."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from core.clock import Clock
from web_app.api.access import ApiAccess
from web_app.api.app import api_router
from web_app.api.guard import ApiGuard
from web_app.auth.authenticator import Authenticator
from web_app.auth.cookie import SessionCookie
from web_app.clients import Clients
from web_app.errors import ErrorPages
from web_app.headers import SafeHeaders
from web_app.health import health_router
from web_app.hosts import KnownHosts
from web_app.languages import AcceptedLanguage
from web_app.methods import Methods, OneLength
from web_app.ops import OpsAccess
from web_app.pages.assets import Assets
from web_app.pages.dashboard import dashboard_router
from web_app.pages.rendering import Pages
from web_app.pages.verification import verification_router
from web_app.pages.words import PageWords, words_router
from web_app.problems import invalid_request, is_api, problem_response
from web_app.rate_limit import RateLimit
from web_app.services import AdminServices, Services
from web_app.updates import updates_router

ROBOTS = "User-agent: *\nDisallow: /\n"


def build_app(services: Services) -> FastAPI:
    """Build the app with all its routes. Reads templates, static files and catalogues from disk."""
    assets = Assets(services.base_path)
    pages = Pages(services, assets)
    app = _bare_app()
    clients = Clients(services.trusted_proxies)
    if services.has_page:
        app.include_router(verification_router(services, pages, clients))
    if services.receivers is not None:
        app.include_router(updates_router(services.receivers))
    app.include_router(health_router(services.clock, services.ops, services.update_states))
    _add_files(app, assets)
    _add_error_handlers(app, pages)
    if services.admin is not None:
        _add_admin(app, services, services.admin, assets, clients)
    app.add_middleware(ErrorPages, pages=pages)
    _add_edge(app, services.hosts)
    return app


def build_ops_app(
    clock: Clock, access: OpsAccess, hosts: frozenset[str], update_states: Mapping[str, str] | None = None
) -> FastAPI:
    """Build the app of the port for machines: /healthz, /readyz and /metrics.

    It answers under every IP address, too: probes and Prometheus ask by those, and no page of another site has one.
    """
    app = _bare_app()
    app.include_router(health_router(clock, access, update_states))
    _add_edge(app, hosts, takes_addresses=True)
    return app


def _bare_app() -> FastAPI:
    return FastAPI(
        title="Tollgate",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # a redirect would use the request's Host header, which a client can forge
        redirect_slashes=False,
        # addresses hold tokens: they are exported nowhere, whatever the environment says
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )


def _add_edge(app: FastAPI, hosts: frozenset[str], *, takes_addresses: bool = False) -> None:
    """Add what every request passes before any route; the last one is the outermost."""
    app.add_middleware(Methods, routes=app.routes)
    app.add_middleware(KnownHosts, hosts=hosts, takes_addresses=takes_addresses)
    app.add_middleware(AcceptedLanguage)
    app.add_middleware(OneLength)
    app.add_middleware(SafeHeaders)


def _add_admin(app: FastAPI, services: Services, admin: AdminServices, assets: Assets, clients: Clients) -> None:
    authenticator = Authenticator(admin.keys, admin.team, services.clock)
    cookie = SessionCookie(admin.base_url)
    access = ApiAccess(authenticator, cookie, services.clock)
    app.include_router(api_router(admin, access, services.base_path, services.bot_username))
    words = PageWords()
    app.include_router(dashboard_router(services, assets, words))
    app.include_router(words_router(words))
    app.add_middleware(
        ApiGuard,
        authenticator=authenticator,
        limits=admin.limits,
        rate_limit=RateLimit(services.clock),
        clients=clients,
        cookie=cookie.name,
    )


def _add_error_handlers(app: FastAPI, pages: Pages) -> None:
    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if is_api(request.url.path):
            return problem_response(error)
        if error.status_code == 404:
            return pages.nothing_here(request.headers)
        return pages.not_understood(error.status_code, request.headers, error.headers)

    async def on_validation_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(invalid_request(error))

    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)


def _add_files(app: FastAPI, assets: Assets) -> None:
    @app.api_route("/static/{name}", methods=["GET", "HEAD"])
    async def static(name: str, request: Request, v: str | None = None) -> Response:
        answer = assets.answer(name, v, request.headers.get("if-none-match", ""))
        if answer is None:
            raise HTTPException(404)
        return answer

    @app.api_route("/robots.txt", methods=["GET", "HEAD"])
    async def robots() -> Response:
        return PlainTextResponse(ROBOTS)
