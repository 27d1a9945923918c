"""Steps that the tests of the admin page share, in a browser whose clock can be moved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

from tests.journeys.admin_scene import Scene
from tests.journeys.browser import page_of
from tests.web.auth.signing import OWNER

#: milliseconds an expectation may take; generous, because other tests may load the machine
WAIT_MS = 20_000


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
    await page.goto(await scene.link(user_id))
    await expect(page.locator("#desk")).to_be_visible()
    assert "#" not in page.url


def row_of(page: Page, job: str) -> Locator:
    return page.locator(f"tr[data-job={job}]")


async def all_charts(page: Page) -> list[str]:
    """Wait until all four charts are drawn; return their addresses."""
    pictures = page.locator(".frame img")
    # the first chart waits for the import of matplotlib
    await expect(pictures).to_have_count(4, timeout=60_000)
    for at in range(4):
        await expect(pictures.nth(at)).to_have_js_property("naturalWidth", 1800)
    return [str(await pictures.nth(at).get_attribute("src")) for at in range(4)]


async def other_charts(page: Page, before: list[str]) -> list[str]:
    for at, src in enumerate(before):
        await expect(page.locator(".frame img").nth(at)).not_to_have_attribute("src", src)
    return await all_charts(page)


async def half_a_minute(page: Page) -> None:
    await page.clock.fast_forward(31_000)
