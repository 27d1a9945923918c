"""`/admin`: the same page for everybody, without any data. Its script fetches the data from the API."""

from fastapi import APIRouter, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from web_app.pages.assets import Assets
from web_app.pages.rendering import TEMPLATES
from web_app.services import Services

#: scripts that admin.js imports; preloaded in parallel
MODULES = (
    "admin_api.js",
    "admin_charts.js",
    "admin_confirm.js",
    "admin_jobs.js",
    "admin_numbers.js",
    "admin_sign_in.js",
    "admin_words.js",
)
#: tiles: the name used by the script, and the label
TILES = (
    ("users", "Users"),
    ("active", "Active today"),
    ("deliveries", "Deliveries today"),
    ("verified", "Verified today"),
    ("deletions", "To be deleted"),
    ("next", "Next job"),
)
CHARTS = (
    ("users", "Users:"),
    ("deliveries", "Deliveries:"),
    ("verifications", "Verifications:"),
    ("broadcasts", "Broadcasts:"),
)


def dashboard_router(services: Services, assets: Assets) -> APIRouter:
    """The page's route. The page is rendered once, here."""
    router = APIRouter()
    html = _render(services, assets)

    @router.api_route("/admin", methods=["GET", "HEAD"], include_in_schema=False)
    async def admin() -> Response:
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    return router


def _render(services: Services, assets: Assets) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("admin.html").render(
        style=assets.url("admin.css"),
        icon=assets.url("icon.svg"),
        script=assets.url("admin.js"),
        modules=[assets.plain_url(name) for name in MODULES],
        api=f"{services.base_path}/api/admin",
        tiles=TILES,
        charts=CHARTS,
    )
