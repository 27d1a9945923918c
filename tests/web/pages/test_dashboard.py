"""The admin page as served: the same for everybody, without foreign or inline content."""

import re
from dataclasses import replace

import httpx
import pytest

from database.connection import Database
from schedulers import registry
from tests.web.conftest import whole
from tests.web.pages.test_colours import contrast
from tests.web.pages.test_page import Outline
from web_app.app import build_app
from web_app.pages.assets import FOLDER
from web_app.pages.dashboard import MODULES
from web_app.pages.views import VIEWS
from web_app.services import Services

SCRIPTS = sorted(path.name for path in FOLDER.glob("*.js"))
#: where messages to the frame around the page go
TELEGRAM = "https://web.telegram.org"
#: the name of a language, which nothing is loaded from
SVG = "http://www.w3.org/2000/svg"
FILES = ("admin.css", "admin_forms.css", "view_posts.css", *SCRIPTS)
STYLE = (FOLDER / "admin.css").read_text(encoding="utf-8")
#: foreground, background, least contrast
PAIRS = (
    *((ink, ground, 4.5) for ink in ("text", "quiet", "bad") for ground in ("ground", "card")),
    ("quiet", "soft", 4.5),
    ("text", "soft", 4.5),
    ("rim", "card", 3.0),
    ("accent", "soft", 4.5),
    ("accent", "card", 4.5),
    ("accent", "ground", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "pressed", 4.5),
    ("warn", "warn-soft", 4.5),
    ("warn", "card", 4.5),
    ("good", "good-soft", 4.5),
    ("bad", "bad-soft", 4.5),
    ("busy", "busy-soft", 4.5),
)


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.fixture
async def page(client: httpx.AsyncClient) -> str:
    answer = await client.get("/admin")
    assert answer.status_code == 200
    return answer.text


async def test_the_page_is_the_same_for_everybody_and_asks_the_database_nothing(
    client: httpx.AsyncClient, db: Database
) -> None:
    before = await whole(db)
    db.calls.clear()
    plain = await client.get("/admin")
    odd = await client.get("/admin", headers={"cookie": "tollgate_session=x", "authorization": "Bearer x"})
    assert plain.content == odd.content
    assert not db.calls
    assert await whole(db) == before
    assert not re.search(r"\b50\d\b|@|eyJ", plain.text)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_its_headers_forbid_foreign_content_and_caching(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/admin")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert bool(answer.content) is (method == "GET")
    policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_only_get_and_head_are_allowed(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/admin")).status_code == 405


async def test_nothing_in_it_is_inline(page: str) -> None:
    outline = Outline(page)
    for _tag, attributes in outline.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert outline.all("style") == []
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]


async def test_every_file_it_refers_to_is_ours_and_exists(client: httpx.AsyncClient, page: str) -> None:
    outline = Outline(page)
    named = [
        address
        for _tag, attributes in outline.tags
        for address in (attributes.get("href"), attributes.get("src"))
        if address is not None
    ]
    assert len(named) == 5 + len(MODULES)
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    for address in named:
        assert address.startswith("/static/")
        answer = await client.get(address)
        assert answer.status_code == 200
        kind = address.partition("?")[0].rpartition(".")[2]
        assert answer.headers["content-type"].startswith(types[kind])
        assert ("immutable" in answer.headers["cache-control"]) is ("?v=" in address)


@pytest.mark.parametrize("name", FILES)
def test_no_file_refers_to_a_foreign_address(name: str) -> None:
    assert re.findall(r"(?:https?:)?//[\w-]+\.", read(name).replace(f'"{TELEGRAM}"', "").replace(f'"{SVG}"', "")) == []
    assert "@import" not in read(name)
    assert "url(" not in read(name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_server_data_is_inserted_as_text_only(name: str) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|setTimeout\(['\"`]"
    )
    assert re.findall(forbidden, read(name)) == []
    assert re.findall(r"localStorage|sessionStorage|document\.cookie", read(name)) == []


def imports_of(name: str) -> set[str]:
    return set(re.findall(r'from "\./([\w.]+)"', read(name)))


def reached(name: str) -> set[str]:
    """The scripts that a script loads, directly or through another one."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = imports_of(waiting.pop()) - found
        found |= new
        waiting += new
    return found


def test_the_preloaded_modules_are_those_the_frame_imports() -> None:
    assert reached("admin.js") == set(MODULES)


def test_every_script_belongs_to_the_frame_or_to_a_view() -> None:
    views = {f"view_{view.name}.js" for view in VIEWS}
    assert views <= set(SCRIPTS)
    used = {"admin.js"}.union(*(reached(name) for name in ("admin.js", *views)))
    assert used | views == set(SCRIPTS)
    # what a view loads is loaded when it is opened, and not before
    assert not reached("admin.js") & views


async def test_every_element_the_scripts_look_up_is_on_the_page(page: str) -> None:
    ids = {attributes["id"] for _, attributes in Outline(page).tags if attributes.get("id")}
    asked = {found for name in SCRIPTS for found in re.findall(r'(?:getElementById|node)\("([\w-]+)"\)', read(name))}
    assert asked <= ids


async def test_the_page_names_no_job_before_signing_in(page: str) -> None:
    assert not [name for name in registry.JOB_NAMES if name in page]


async def test_controls_sections_and_pictures_have_accessible_names(page: str) -> None:
    outline = Outline(page)
    assert outline.all("html") == [{"lang": "en"}]
    for button in outline.all("button"):
        assert button["type"] == "button"
    for section in outline.all("section"):
        assert f'id="{section["aria-labelledby"]}"' in page
    assert all("alt" in picture for picture in outline.all("img"))
    assert page.count('role="status"') == 2
    assert len(outline.all("header")) == len(outline.all("main")) == len(outline.all("nav")) == 1


async def test_a_base_path_is_in_front_of_every_address(services: Services) -> None:
    app = build_app(replace(services, base_path="/gate"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://gate.example") as client:
        outline = Outline((await client.get("/admin")).text)
    addresses = [attributes[name] for _, attributes in outline.tags for name in ("href", "src") if name in attributes]
    assert all(address and address.startswith("/gate/static/") for address in addresses)
    (body,) = outline.all("body")
    assert (body["data-api"], body["data-words"]) == ("/gate/api/admin", "/gate/admin/words")


async def test_without_the_admin_part_there_is_no_page(services: Services) -> None:
    app = build_app(replace(services, admin=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://gate.example") as client:
        assert (await client.get("/admin")).status_code == 404


def colours(scheme: str) -> dict[str, str]:
    """The colour variables of a scheme."""
    light, dark, _of_telegram = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", block)) for block in _blocks())
    return light | (dark if scheme == "dark" else {})


def _blocks() -> list[str]:
    """Light, the browser's dark and Telegram's dark."""
    return re.findall(r":root(?:\[[^]]*\]|:not\([^)]*\))? \{([^}]*--[^}]*)\}", STYLE)


def test_the_dark_scheme_defines_every_colour() -> None:
    light, dark, of_telegram = (re.findall(r"--([a-z-]+: [^;]+);", block) for block in _blocks())
    assert [one.partition(":")[0] for one in light] == [one.partition(":")[0] for one in dark]
    assert dark == of_telegram
    outside = re.sub(r":root[^{]*\{[^}]*\}", "", STYLE)
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", outside)) == {"#0003", "#0008"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_text_and_controls_have_enough_contrast(scheme: str, ink: str, ground: str, least: float) -> None:
    found = colours(scheme)
    assert contrast(found[ink], found[ground]) >= least


def test_touch_targets_focus_and_reduced_motion_are_styled() -> None:
    phone = STYLE[STYLE.index("a phone") :]
    assert "button, select, input, textarea, .button { min-height: 2.75rem; }" in phone
    assert re.search(r"nav a \{[^}]*min-height: 2.75rem", STYLE)
    assert ":focus-visible { outline: 3px" in STYLE
    assert "prefers-reduced-motion" in STYLE
    assert not re.findall(r"animation|transition", STYLE)
