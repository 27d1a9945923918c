"""`make demo` as a visitor meets it: a real browser, the owner and a subscriber, half an hour skipped."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
#: pictures of the way are kept here when it is set
PICTURES = os.environ.get("JOURNEY_PICTURES")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
async def demo() -> AsyncIterator[tuple[asyncio.subprocess.Process, str, list[str]]]:
    """`make demo`'s process, its address, and what it printed until both bots ran."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.demo",
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.endswith("_TOKEN")} | {"DEMO_PORT": "8197"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed: list[str] = []
    async with asyncio.timeout(90):
        while not {"user bot: running", "admin bot: running"} <= set(printed):
            line = (await process.stdout.readline()).decode()
            assert line, (await process.communicate())[1].decode()
            printed.append(line.strip())
    address = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(printed))
    assert address is not None
    yield process, address.group(), printed
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@pytest.fixture
async def page(request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    width, height = getattr(request, "param", (1280, 800))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(20_000)
        yield page
        await browser.close()


def messages(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text)


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png")


async def test_a_visitor_posts_opens_waits_and_gets_it_again(
    demo: tuple[asyncio.subprocess.Process, str, list[str]], page: Page
) -> None:
    process, address, printed = demo
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    await page.get_by_test_id("person-501").click()
    await page.get_by_test_id("chat-tollgate_admin_bot").click()

    # a photo, a text and an album, and a link back each time
    await page.get_by_test_id("attach-sample-photo").click()
    await expect(messages(page, "?start=p_")).to_have_count(1)
    await page.get_by_test_id("composer").fill("A <b>poem</b> & more")
    await page.get_by_test_id("send").click()
    await expect(messages(page, "?start=p_")).to_have_count(2)
    await page.get_by_test_id("attach-sample-album").click()
    await expect(messages(page, "?start=p_")).to_have_count(3)
    await picture(page, "owner")
    link = re.search(r"https://t\.me/\S+\?start=p_\w{16}", await messages(page, "?start=p_").first.inner_text())
    assert link is not None

    # the subscriber opens it, and sees the warning with the time left
    await page.get_by_test_id("person-502").click()
    await page.get_by_test_id("open-link").fill(link.group())
    await page.get_by_test_id("open-link-go").click()
    await expect(messages(page, "30 minutes")).to_have_count(1)
    await picture(page, "subscriber")

    # half an hour later it is gone, and comes back at a press
    await page.get_by_test_id("skip-30m").click()
    await expect(messages(page, "deleted, as announced")).to_have_count(1)
    again = page.get_by_test_id("button").filter(has_text="Get it again")
    await expect(again).to_be_visible()
    await picture(page, "deleted")
    await again.click()
    await expect(messages(page, "30 minutes")).to_have_count(1)
    await picture(page, "again")
    assert complaints == []

    # every part said one line as it came up; Ctrl-C ends everything within 5 s, without a traceback
    assert {line.split(":")[0] for line in printed if ":" in line} >= {
        "sandbox Telegram",
        "database",
        "user bot",
        "admin bot",
    }
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert time.monotonic() - began < 5
    assert process.returncode == 0
    assert b"Traceback" not in errors, errors.decode()
