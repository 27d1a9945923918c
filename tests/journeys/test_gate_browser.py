"""The gate in `make demo`, in a real browser: join, ask to join, verify too fast, verify, receive, use up credits."""

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
    go_to_list,
    links_in,
    look,
    messages,
    open_link,
    page_of,
    say,
)
from tests.journeys.demo import running_demo

PUBLIC, PRIVATE, PRIVATE_ID = "Olive's Garden", "The Greenhouse", -1001000000003

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def add(page: Page, kind: str, title: str) -> None:
    """Add a chat to join. `kind`: channel or group, as on the picker's button."""
    await say(page, "/channels")
    await button(page, f"Connect a {kind}").click()
    await look(page, f"ask-{kind}")
    await page.get_by_test_id("reply-button").filter(has_text=f"Choose a {kind}").click()
    await look(page, f"choose-{kind}")
    await page.get_by_test_id("choice").filter(has_text=title).click()
    await expect(messages(page, "is connected").filter(has_text=title)).to_have_count(1)
    await expect(messages(page, "Subscribers must join it").filter(has_text=title)).to_have_count(1)


async def set_up(page: Page) -> list[str]:
    """Set up two channels to join, one by request, and one delivery a verification; return the links of two posts."""
    await become(page, OWNER)
    await page.get_by_test_id(f"chat-{ADMIN_BOT}").click()
    await add(page, "channel", PUBLIC)
    await add(page, "group", PRIVATE)
    await look(page, "channel-screen")
    await button(page, "Counts: members").click()
    await expect(button(page, "Counts: members and requests")).to_be_visible()
    await look(page, "channel-by-request")
    await button(page, "‹ Channels").click()
    await expect(messages(page, "in the order subscribers see them")).to_be_visible()
    await look(page, "channels")
    await say(page, "/set access_mode credits")
    await expect(messages(page, "is now with credits")).to_have_count(1)
    await say(page, "/set free_deliveries_per_token 1")
    await expect(messages(page, "is now 1")).to_have_count(1)
    made = messages(page, "?start=p_")
    await page.get_by_test_id("attach-sample-photo").click()
    await expect(made).to_have_count(1)
    await page.get_by_test_id("attach-sample-album").click()
    await expect(made).to_have_count(2)
    return await links_in(made)


async def enter(page: Page) -> None:
    """Join one channel and ask to join the other; the access prompt stays a single message."""
    await expect(messages(page, "1. Join")).to_have_count(1)
    await look(page, "to-join")
    await button(page, f"Join {PUBLIC}").click()
    await look(page, "invitation")
    await page.get_by_test_id("invitation-go").click()
    await look(page, "joined")
    await go_to_list(page)
    await page.get_by_test_id(f"chat-{USER_BOT}").click()
    await button(page, f"Ask to join {PRIVATE}").click()
    await look(page, "invitation-request")
    await page.get_by_test_id("invitation-go").click()
    await expect(messages(page, "Unlock 1 of 15 today.")).to_have_count(1)
    await expect(messages(page, "1. Join")).to_have_count(0)
    await look(page, "to-verify")


async def to_the_page(page: Page) -> Page:
    """Follow the link from the chat through the adverts to the verification page; return its tab."""
    async with page.context.expect_page() as opened:
        await button(page, "Unlock").click()
    tab = await opened.value
    await expect(tab.get_by_role("heading", name="Almost there")).to_be_visible()
    await look(tab, "advert-1")
    await tab.get_by_test_id("onward").click()
    await expect(tab.get_by_role("heading", name="Your link is ready")).to_be_visible()
    await look(tab, "advert-2")
    await tab.get_by_test_id("onward").click()
    await expect(tab.get_by_role("heading", name="Almost done")).to_be_visible()
    await look(tab, "verification")
    return tab


async def be_too_fast(page: Page) -> Page:
    """Finish too early: nothing is lost, and the button is still there. Return the tab with the chat."""
    tab = await to_the_page(page)
    await tab.get_by_role("button", name="Finish").click()
    await expect(tab.get_by_role("heading", name="A little too quick")).to_be_visible()
    await look(tab, "too-fast")
    await expect(tab.get_by_role("button", name="Finish")).to_be_visible()
    await expect(messages(page, "30 min")).to_have_count(0)
    await tab.close()
    return page


async def verify_in_time(page: Page) -> Page:
    """Finish a minute later: the verification counts and the post is delivered. Return the tab with the chat."""
    tab = await to_the_page(page)
    await page.get_by_test_id("skip-1m").click()
    await expect(page.locator(".clock-shift")).to_have_text("+1 min")
    # a reload does not use up the token; its answer shows that the product's clock has moved, too
    await tab.reload()
    await tab.get_by_role("button", name="Finish").click()
    await expect(tab.get_by_role("heading", name="Done, thank you")).to_be_visible()
    await look(tab, "verified")
    # the countdown may open the chat before the click
    await tab.get_by_role("link", name="Back to Telegram").or_(tab.get_by_test_id("composer")).click()
    await expect(messages(tab, "30 min")).to_have_count(1)
    await look(tab, "received")
    await page.close()
    return tab


async def let_in(page: Page) -> None:
    """Approve the join request as the owner."""
    await become(page, OWNER)
    await page.get_by_test_id(f"chat-{PRIVATE_ID}").click()
    await page.get_by_test_id("requests-bar").click()
    await look(page, "requests")
    await page.get_by_test_id(f"approve-{SUBSCRIBER}").click()
    await expect(page.get_by_text("Nobody is waiting.")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
async def test_a_subscriber_joins_verifies_receives_a_post_and_uses_up_the_credits(size: str) -> None:
    async with running_demo(8193) as demo, page_of(size) as page:
        await page.goto(demo.address)
        first, second = await set_up(page)
        await become(page, SUBSCRIBER)
        await open_link(page, first)
        await enter(page)
        tab = await verify_in_time(await be_too_fast(page))
        await expect(messages(tab, "That was your last credit.")).to_have_count(1)
        await open_link(tab, second)
        await expect(messages(tab, "Unlock 2 of 15 today.")).to_have_count(1)
        await look(tab, "run-out")
        await say(tab, "/me")
        await expect(messages(tab, "Unlocks today: 2 of 15")).to_have_count(1)
        await look(tab, "me")
        await let_in(tab)
