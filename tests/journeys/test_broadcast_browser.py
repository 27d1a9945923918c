"""A broadcast in `make demo`, in a real browser: composed, tested, sent, recalled; a subscriber opts out."""

import pytest
from playwright.async_api import Page, expect

from tests.journeys.browser import (
    ADMIN_BOT,
    OWNER,
    SIZES,
    SUBSCRIBER,
    USER_BOT,
    become,
    button,
    look,
    messages,
    page_of,
    say,
)
from tests.journeys.demo import running_demo

BOB = 503
NEWS = "We open at nine"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def open_user_bot(page: Page, person: int) -> None:
    await become(page, person)
    await page.get_by_test_id(f"chat-{USER_BOT}").click()
    await say(page, "/start")
    await expect(messages(page, "Welcome").or_(messages(page, "link")).first).to_be_visible()


async def back_at_the_admin_bot(page: Page) -> None:
    await become(page, OWNER)
    await page.get_by_test_id(f"chat-{ADMIN_BOT}").click()


async def put_together(page: Page) -> None:
    """Compose a broadcast with a text, a button, deletion after an hour and a test copy.

    Another command comes first: it takes precedence over the question for the content.
    """
    await say(page, "/broadcast")
    await expect(messages(page, "New broadcast.")).to_have_count(1)
    await look(page, "broadcast-ask")
    await say(page, "/ban 5")
    await say(page, "/broadcast")
    await expect(messages(page, "New broadcast.")).to_have_count(2)
    await say(page, NEWS)
    await expect(messages(page, "Time needed")).to_have_count(1)
    await look(page, "broadcast-draft")
    await button(page, "Buttons").click()
    await expect(messages(page, "Send the buttons")).to_have_count(1)
    await say(page, "Our page - https://example.org/")
    await expect(messages(page, "Our page")).not_to_have_count(0)
    await button(page, "Auto-delete").click()
    await look(page, "broadcast-lifetime")
    await button(page, "1 hour").click()
    await expect(messages(page, "1 hour after each got it")).to_have_count(1)
    await button(page, "Test copy to me").click()
    await expect(messages(page, "A test copy is in your chat")).to_have_count(1)
    await look(page, "broadcast-ready")


async def confirm(page: Page) -> None:
    await button(page, "Send to 3 people").click()
    await expect(messages(page, "Send this broadcast to 3 people?")).to_have_count(1)
    await look(page, "broadcast-confirm")
    await button(page, "Yes, send to 3 people").click()
    await expect(messages(page, "3 of 3")).to_have_count(1, timeout=20_000)
    await expect(messages(page, "Sent 3")).to_have_count(1)
    await look(page, "broadcast-sent")


async def take_back(page: Page) -> None:
    await button(page, "Delete for everyone").click()
    await expect(messages(page, "for 3 people?")).to_have_count(1)
    await look(page, "broadcast-take-back")
    await button(page, "Delete for 3 people").click()
    # the deleter polls every two seconds; the progress message is updated every three
    await expect(messages(page, "deleted 3")).to_have_count(1, timeout=20_000)
    await look(page, "broadcast-taken-back")


@pytest.mark.parametrize("size", SIZES)
async def test_a_broadcast_is_composed_sent_and_recalled(size: str) -> None:
    async with running_demo(8194) as demo, page_of(size) as page:
        await page.goto(demo.address)
        for person in (OWNER, SUBSCRIBER, BOB):
            await open_user_bot(page, person)
        await back_at_the_admin_bot(page)
        await put_together(page)
        await confirm(page)
        await become(page, SUBSCRIBER)
        await page.get_by_test_id(f"chat-{USER_BOT}").click()
        await expect(messages(page, NEWS)).to_have_count(1)
        await look(page, "broadcast-received")
        await say(page, "/stop_news")
        await expect(messages(page, "/news")).not_to_have_count(0)
        await back_at_the_admin_bot(page)
        await take_back(page)
        await say(page, "/broadcast list")
        await expect(messages(page, "deleted").last).to_be_visible()
        await look(page, "broadcast-list")
        await say(page, "/broadcast")
        await say(page, "Another one")
        await expect(messages(page, "(2 people)")).to_have_count(1)
        await become(page, SUBSCRIBER)
        await page.get_by_test_id(f"chat-{USER_BOT}").click()
        await expect(messages(page, NEWS)).to_have_count(0)
