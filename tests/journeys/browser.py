"""A real browser on the demo's page, and the steps that its tests share."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Locator, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
LINK = re.compile(r"https://t\.me/\S+\?start=p_\w{16}")
OWNER, SUBSCRIBER = 501, 502
ADMIN_BOT, USER_BOT = "tollgate_admin_bot", "tollgate_demo_bot"
#: folder for screenshots of each step; unset: none are taken
PICTURES = os.environ.get("JOURNEY_PICTURES")


@asynccontextmanager
async def page_of(size: str) -> AsyncIterator[Page]:
    """An empty page. Asserts at the end that no script failed in it or in a tab that it opened."""
    width, height = SIZES[size]
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
        context.set_default_timeout(20_000)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        try:
            yield await context.new_page()
        finally:
            for number, page in enumerate(context.pages if PICTURES else []):
                await page.screenshot(path=f"{PICTURES}/last-{number}-{width}.png")
            await browser.close()
    assert complaints == []


def messages(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text)


def button(page: Page, text: str) -> Locator:
    """The newest button whose label contains `text`."""
    return page.get_by_test_id("button").filter(has_text=text).last


async def look(page: Page, name: str) -> None:
    """Assert that the page is no wider than the screen; take a screenshot if a folder for them is set."""
    if PICTURES:
        width = await page.evaluate("innerWidth")
        await page.screenshot(path=f"{PICTURES}/{name}-{width}.png", animations="disabled")
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{name} is too wide"


async def become(page: Page, person: int) -> None:
    """Switch the page to another user, with the list of chats open."""
    await page.get_by_test_id(f"person-{person}").click()
    await go_to_list(page)


async def go_to_list(page: Page) -> None:
    """Return to the list of chats, which an open chat covers on a phone."""
    back = page.get_by_test_id("back")
    if await back.is_visible():
        await back.click()


async def say(page: Page, text: str) -> None:
    """Send a message to the open chat."""
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("send").click()


async def open_link(page: Page, link: str) -> None:
    """Paste a link into the field above the chats."""
    await go_to_list(page)
    await page.get_by_test_id("open-link").fill(link)
    await page.get_by_test_id("open-link-go").click()


async def links_in(made: Locator) -> list[str]:
    """The post links in these answers of the admin bot, in order."""
    return [LINK.findall(text)[0] for text in await made.all_inner_texts()]
