"""Steps that the tests of the admin page share, in a browser whose clock can be moved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

from tests.journeys.admin_scene import Scene
from tests.journeys.browser import page_of
from tests.web.auth.signing import OWNER
from web_app.pages import views

#: milliseconds an expectation may take; generous, because other tests may load the machine
WAIT_MS = 20_000
VIEWS = {view.name for view in views.VIEWS}


@asynccontextmanager
async def page_at(size: str, scene: Scene, theme: str = "light") -> AsyncIterator[Page]:
    """An empty page whose clock can be moved.

    Asserts at the end that it sent requests to our server only and that nothing violated its Content Security Policy.
    """
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    def follow(request: Request) -> None:
        if not request.url.startswith((f"{scene.address}/", "data:image/png;base64,")):
            complaints.append(request.url)

    async with page_of(size) as page:
        expect.set_options(timeout=WAIT_MS)
        page.on("console", hear)
        page.on("request", follow)
        await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        await page.clock.install(time=scene.clock.now())
        yield page
    assert complaints == []


async def come_in(page: Page, scene: Scene, user_id: int = OWNER) -> None:
    """Sign in by a link and open the system's view."""
    await enter(page, scene, user_id, "system")
    await expect(page.locator("#view-system [data-job]").first).to_be_visible()


async def enter(page: Page, scene: Scene, user_id: int, part: str) -> None:
    """Sign in by a link and open a part of the page, like `settings/texts`."""
    await page.goto(await scene.link(user_id))
    await is_in(page)
    await page.evaluate("part => { location.hash = part; }", part)
    await expect(page.locator(f"#view-{part.partition('/')[0]}[aria-labelledby]")).to_be_visible()


async def is_in(page: Page) -> None:
    """Assert that the page shows a view, and that its address holds no proof of who opened it."""
    await expect(page.locator("#root h2")).to_be_visible()
    assert page.url.partition("#")[2] in VIEWS


def row_of(page: Page, job: str) -> Locator:
    return page.locator(f"tr[data-job={job}]")


async def half_a_minute(page: Page) -> None:
    await page.clock.fast_forward(31_000)
