"""A real browser on the sandbox's page."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import BrowserContext, Locator, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
#: folder for screenshots, if it is set
PICTURES = os.environ.get("JOURNEY_PICTURES")


@asynccontextmanager
async def browser_of(size: str) -> AsyncIterator[BrowserContext]:
    """A browser in New York's time zone; a script error fails the test."""
    width, height = SIZES[size]
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=size == "phone",
            timezone_id="America/New_York",
            locale="en-GB",
        )
        context.set_default_timeout(10_000)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        yield context
        await browser.close()
    assert complaints == []


async def look(page: Page, name: str) -> None:
    """Assert that nothing overflows to the side."""
    if PICTURES:
        await page.wait_for_timeout(250)
        await page.screenshot(path=f"{PICTURES}/{name}-{await page.evaluate('innerWidth')}.png")
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{name} is too wide"


async def open_chat(page: Page, person: int, chat: str) -> None:
    await page.get_by_test_id(f"person-{person}").click()
    back = page.get_by_test_id("back")
    if await back.is_visible():
        await back.click()
    await page.get_by_test_id(f"chat-{chat}").click()


def button(page: Page, text: str) -> Locator:
    return page.get_by_test_id("button").filter(has_text=text)
