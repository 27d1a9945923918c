"""Builds the API of the admin page from its routers, and its OpenAPI description."""

from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from web_app.api.access import ApiAccess
from web_app.api.broadcasts import broadcasts_router
from web_app.api.live_counts import LiveCounts
from web_app.api.people.sessions import sessions_router
from web_app.api.people.subscribers import subscribers_router
from web_app.api.people.team import team_router
from web_app.api.posting.desk import PostDesk
from web_app.api.posting.numbers import numbers_router
from web_app.api.posting.posts import posts_router
from web_app.api.posting.publishing import publishing_router
from web_app.api.posting.schedule import schedule_router
from web_app.api.sessions import session_router
from web_app.api.settings.routes import settings_router
from web_app.api.statistics import statistics_router
from web_app.api.system.exports import export_router
from web_app.api.system.jobs import jobs_router
from web_app.api.system.upkeep import system_router
from web_app.auth.cookie import NAME
from web_app.problems import ApiError
from web_app.services import AdminServices

PREFIX = "/api/admin"
#: the refusals every operation may answer with
_REFUSALS = {
    400: "The body is no JSON.",
    401: "No session, or one that has ended.",
    403: "Not in the team, a role that lacks the right, or sent by another site.",
    404: "What is asked for is not there.",
    408: "The body did not arrive in time.",
    409: "Somebody else changed it since it was read.",
    413: "The body is longer than 64 KiB.",
    415: "The body is not sent as JSON.",
    422: "The request has the wrong shape, or names an unknown job (`tasks` lists the known ones).",
    429: "Too many requests; Retry-After says when to try again.",
    500: "An internal error; the log has its `error_id`.",
    503: "The database does not answer.",
    504: "The database answers, but too slowly.",
}
_WITH_BODY = frozenset({400, 408, 415})
_OF_CHANGES = frozenset({409})
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": NAME},
}


def api_router(admin: AdminServices, access: ApiAccess, base_path: str, bot_username: str = "") -> APIRouter:
    """The routes below /api/admin; `base_path` is the path of the public address in front of them.

    `bot_username`: the user bot's, for links; "" in a process without the bots.
    """
    router = APIRouter(prefix=PREFIX)
    router.include_router(session_router(access, admin.team, admin.zone))
    router.include_router(sessions_router(access, admin.team))
    router.include_router(jobs_router(access, admin.plans, admin.zone))
    router.include_router(settings_router(access, admin.team, bot_username))
    router.include_router(broadcasts_router(access))
    router.include_router(system_router(access, admin.team))
    router.include_router(export_router(access, admin.team, admin.zone, admin.keys.sessions))
    router.include_router(subscribers_router(access, admin.team))
    router.include_router(team_router(access, admin.team, admin.zone))
    live_counts = LiveCounts(admin.zone, access.clock)
    router.include_router(statistics_router(access, admin.zone, live_counts, admin.draw))
    desk = PostDesk(access, admin.team, admin.zone, bot_username, admin.storage_channel_id)
    for part in (publishing_router(desk), posts_router(desk), schedule_router(desk), numbers_router(desk)):
        router.include_router(part)
    description = JSONResponse(describe(router, base_path))

    # needs no session: it holds no secret
    @router.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return description

    return router


def describe(router: APIRouter, base_path: str) -> dict[str, Any]:
    """Describe the routes of `router` as an OpenAPI document."""
    document = get_openapi(
        title="Tollgate",
        version="1",
        summary="What the team sees and does on the admin page.",
        routes=router.routes,
        servers=[{"url": base_path or "/"}],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    # FastAPI's own schemas of a 422, replaced by ours
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Error"] = ApiError.model_json_schema()
    document["components"]["securitySchemes"] = _SECURITY
    document["security"] = [{name: []} for name in _SECURITY]
    for operations in document["paths"].values():
        for method, operation in operations.items():
            _add_refusals(operation, is_change=method != "get")
    return document


def _add_refusals(operation: dict[str, Any], *, is_change: bool) -> None:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for status, why in _REFUSALS.items():
        is_possible = is_change if status in _OF_CHANGES else status not in _WITH_BODY or "requestBody" in operation
        if is_possible:
            operation["responses"][str(status)] = {"description": why, "content": content}
