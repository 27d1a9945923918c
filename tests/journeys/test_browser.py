"""`make demo` as a visitor meets it: a real browser, the owner and a subscriber, half an hour skipped."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.journeys.demo import Demo, running_demo

CHROMIUM = "/usr/bin/chromium"
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
POEM = "A <b>poem</b> & more"
LINK = re.compile(r"https://t\.me/\S+\?start=p_\w{16}")
#: pictures of the way are kept here when it is set
PICTURES = os.environ.get("JOURNEY_PICTURES")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@asynccontextmanager
async def page_of(size: str) -> AsyncIterator[Page]:
    """An empty page. Asserts at the end that no script of it failed."""
    width, height = SIZES[size]
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": width, "height": height}, has_touch=size == "phone")
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        await browser.close()
    assert complaints == []


def messages(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text)


async def look(page: Page, name: str) -> None:
    """Nothing may stand out to the side, on any screen."""
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}-{await page.evaluate('innerWidth')}.png")
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{name} is too wide"


async def become(page: Page, person: int) -> None:
    """Look through somebody else's eyes, at the list of chats."""
    await page.get_by_test_id(f"person-{person}").click()
    back = page.get_by_test_id("back")
    if await back.is_visible():
        await back.click()


async def post_everything(page: Page) -> list[str]:
    """A photo, a text and an album by the owner; the link that came back each time."""
    await become(page, 501)
    await look(page, "chats")
    await page.get_by_test_id("chat-tollgate_admin_bot").click()
    made = messages(page, "?start=p_")
    await page.get_by_test_id("attach-sample-photo").click()
    await expect(made).to_have_count(1)
    await page.get_by_test_id("composer").fill(POEM)
    await page.get_by_test_id("send").click()
    await expect(made).to_have_count(2)
    await page.get_by_test_id("attach-sample-album").click()
    await expect(made).to_have_count(3)
    await look(page, "owner")
    return [LINK.findall(text)[0] for text in await made.all_inner_texts()]


async def open_all(page: Page, links: list[str]) -> None:
    """The subscriber opens each link, and sees what it holds and the time left."""
    await become(page, 502)
    for number, link in enumerate(links, start=1):
        back = page.get_by_test_id("back")
        if await back.is_visible():
            await back.click()
        await page.get_by_test_id("open-link").fill(link)
        await page.get_by_test_id("open-link-go").click()
        await expect(messages(page, "30 minutes")).to_have_count(number)
    await expect(messages(page, POEM)).to_have_count(1)
    await expect(page.locator(".bubble.album")).to_have_count(1)
    await look(page, "subscriber")


async def wait_half_an_hour(page: Page) -> None:
    """Everything is gone, as announced, and comes back at a press."""
    await page.get_by_test_id("skip-30m").click()
    await expect(messages(page, "deleted, as announced")).to_have_count(3)
    await expect(messages(page, POEM)).to_have_count(0)
    await expect(page.locator(".bubble.album")).to_have_count(0)
    await look(page, "deleted")
    await page.get_by_test_id("button").filter(has_text="Get it again").last.click()
    await expect(messages(page, "30 minutes")).to_have_count(1)
    await expect(page.locator(".bubble.album")).to_have_count(1)
    await look(page, "again")


async def end_with_ctrl_c(demo: Demo) -> None:
    """Every part said one line as it came up; Ctrl-C ends everything within 5 s, without a traceback."""
    said = {line.split(":")[0] for line in demo.printed if ":" in line}
    assert said >= {"sandbox Telegram", "database", "user bot", "admin bot"}
    began = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(demo.process.communicate(), 10)
    assert time.monotonic() - began < 5
    assert demo.process.returncode == 0
    assert b"Traceback" not in errors, errors.decode()


@pytest.mark.parametrize("size", SIZES)
async def test_a_visitor_posts_opens_waits_and_gets_it_again(size: str) -> None:
    async with running_demo(8197) as demo:
        async with page_of(size) as page:
            await page.goto(demo.address)
            await open_all(page, await post_everything(page))
            await wait_half_an_hour(page)
        await end_with_ctrl_c(demo)
