"""`/admin`: the same page for everybody, without any data. Its scripts fetch words and data."""

from functools import cache, partial

from fastapi import APIRouter, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from web_app.languages import LANGUAGES
from web_app.pages.assets import Assets
from web_app.pages.rendering import TEMPLATES
from web_app.pages.words import PATH, PageWords
from web_app.services import Services

#: scripts that admin.js imports; preloaded in parallel
MODULES = (
    "admin_api.js",
    "admin_dialogs.js",
    "admin_dom.js",
    "admin_format.js",
    "admin_sign_in.js",
    "admin_telegram.js",
    "admin_views.js",
    "admin_words.js",
)


def dashboard_router(services: Services, assets: Assets, words: PageWords) -> APIRouter:
    """The page's route. The page is rendered once, when it is first asked for."""
    router = APIRouter()
    html = cache(partial(_render, services, assets, words))

    @router.api_route("/admin", methods=["GET", "HEAD"], include_in_schema=False)
    async def admin() -> Response:
        return HTMLResponse(html(), headers={"Cache-Control": "no-store"})

    return router


def _render(services: Services, assets: Assets, words: PageWords) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("admin.html").render(
        style=assets.url("admin.css"),
        forms_style=assets.url("admin_forms.css"),
        icon=assets.url("icon.svg"),
        script=assets.url("admin.js"),
        modules=[assets.plain_url(name) for name in MODULES],
        api=f"{services.base_path}/api/admin",
        words=f"{services.base_path}{PATH}",
        words_version=words.version,
        languages=" ".join(LANGUAGES),
    )
