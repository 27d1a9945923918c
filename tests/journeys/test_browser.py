"""`make demo` in a real browser: the owner posts, a subscriber opens the links, the clock skips half an hour."""

import asyncio
import signal
import time

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import (
    ADMIN_BOT,
    OWNER,
    SIZES,
    SUBSCRIBER,
    become,
    button,
    links_in,
    look,
    messages,
    open_link,
    page_of,
    say,
)
from tests.journeys.demo import Demo, running_demo

POEM = "A <b>poem</b> & more"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def open_to_everybody(page: Page) -> None:
    """Check that the demo starts without verification; `test_gate_browser.py` tests it with verification."""
    await become(page, OWNER)
    await look(page, "chats")
    await page.get_by_test_id(f"chat-{ADMIN_BOT}").click()
    await expect(messages(page, "is now everyone")).to_have_count(1)


async def post_everything(page: Page) -> list[str]:
    """Send a photo, a text and an album as the owner; return the link of each post."""
    made = messages(page, "?start=p_")
    await page.get_by_test_id("attach-sample-photo").click()
    await expect(made).to_have_count(1)
    await say(page, POEM)
    await expect(made).to_have_count(2)
    await page.get_by_test_id("attach-sample-album").click()
    await expect(made).to_have_count(3)
    await look(page, "owner")
    return await links_in(made)


async def open_all(page: Page, links: list[str]) -> None:
    """Open each link as the subscriber; check that the contents and the time left are shown."""
    await become(page, SUBSCRIBER)
    for number, link in enumerate(links, start=1):
        await open_link(page, link)
        await expect(messages(page, "30 min")).to_have_count(number)
    await expect(messages(page, POEM)).to_have_count(1)
    await expect(page.locator(".bubble.album")).to_have_count(1)
    await look(page, "subscriber")


async def wait_half_an_hour(page: Page) -> None:
    """Skip half an hour; check that the copies are deleted and that a button press delivers a post again."""
    await page.get_by_test_id("skip-30m").click()
    await expect(messages(page, "deleted, as announced")).to_have_count(3)
    # what is left of the poem is its title in the notice
    await expect(messages(page, POEM)).to_have_count(1)
    await expect(messages(page, POEM)).to_contain_text("deleted, as announced")
    await expect(page.locator(".bubble.album")).to_have_count(0)
    await look(page, "deleted")
    await button(page, "Get it again · free").click()
    await expect(messages(page, "30 min")).to_have_count(1)
    await expect(page.locator(".bubble.album")).to_have_count(1)
    await look(page, "again")


async def end_with_ctrl_c(demo: Demo) -> None:
    """Check that each part printed a line when it started, and that Ctrl-C stops all within 5 s without a traceback."""
    said = {line.split(":")[0] for line in demo.printed if ":" in line}
    assert said >= {"sandbox Telegram", "database", "web app", "user bot", "admin bot"}
    began = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(demo.process.communicate(), 10)
    assert time.monotonic() - began < 5
    assert demo.process.returncode == 0
    assert b"Traceback" not in errors, errors.decode()


@pytest.mark.parametrize("size", SIZES)
async def test_posts_are_delivered_deleted_and_delivered_again(size: str) -> None:
    async with running_demo(8197) as demo:
        async with page_of(size) as page:
            await page.goto(demo.address)
            await open_to_everybody(page)
            await open_all(page, await post_everything(page))
            await wait_half_an_hour(page)
        await end_with_ctrl_c(demo)
