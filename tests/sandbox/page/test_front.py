"""The page in a real browser: pickers, posts of a channel with buttons, commands and names by person, first steps."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.sandbox.conftest import Json, Town
from tests.sandbox.page.browser import SIZES, browser_of, button, look, open_chat

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

RIGHTS = {"can_manage_chat": True, "can_post_messages": True, "can_delete_messages": True}


async def _ask(town: Town, **button_: object) -> None:
    """Show Olga a keyboard of one button, and forget the updates so far."""
    await town.olga.link("https://t.me/shop_bot")
    markup = {"keyboard": [[{"text": "Choose", **button_}]]}
    await town.shop("sendMessage", chat_id=town.olga.id, text="First: where posts are kept.", reply_markup=markup)
    await town.shop.updates()


async def _picker(page: Page, town: Town) -> None:
    await page.goto(town.sandbox.url)
    await open_chat(page, town.olga.id, "shop_bot")
    await page.get_by_test_id("reply-button").click()


async def _hold_world_until_transcript(page: Page) -> None:
    """Let the page learn of new chats only after it has read what a chat with a bot says about them."""
    has_read = asyncio.Event()

    async def hold(route: Route) -> None:
        await has_read.wait()
        await route.continue_()

    await page.route("**/control/state", hold)
    page.on("response", lambda response: has_read.set() if "/control/transcript?" in response.url else None)


@pytest.mark.parametrize("size", SIZES)
async def test_the_picker_offers_what_fits_and_makes_a_channel(town: Town, size: str) -> None:
    await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.client.add_chat("supergroup", "Talk", town.olga.id)
    request: Json = {"request_id": 5, "chat_is_channel": True, "chat_has_username": False}
    await _ask(town, request_chat=request | {"bot_administrator_rights": RIGHTS}, style="primary")
    async with browser_of(size) as browser:
        page = await browser.new_page()
        await _picker(page, town)
        await expect(page.get_by_test_id("choice")).to_have_text(["Storageprivate channel"])
        await expect(page.get_by_test_id("chooser")).to_contain_text("becomes an admin there: post messages, delete")
        await page.get_by_test_id("create-chat").click()
        await look(page, "picker")
        await page.get_by_test_id("new-chat-title").fill("Vault")
        await _hold_world_until_transcript(page)
        await page.get_by_test_id("new-chat-go").click()
        await expect(page.locator(".service-text", has_text="You shared Vault with the bot")).to_be_visible()
    added, shared = await town.shop.updates()
    assert added["my_chat_member"]["new_chat_member"]["can_delete_messages"] is True
    assert shared["message"]["chat_shared"]["chat_id"] == added["my_chat_member"]["chat"]["id"]


async def test_a_channel_with_a_username_is_made_with_both_names(town: Town) -> None:
    await _ask(town, request_chat={"request_id": 5, "chat_is_channel": True, "chat_has_username": True})
    async with browser_of("phone") as browser:
        page = await browser.new_page()
        await _picker(page, town)
        await expect(page.get_by_test_id("chooser")).to_contain_text("None of your channels fits.")
        await page.get_by_test_id("create-chat").click()
        await page.get_by_test_id("new-chat-title").fill("News")
        await page.get_by_test_id("new-chat-username").fill("@news")
        await look(page, "public-channel")
        await page.get_by_test_id("new-chat-go").click()
        await expect(page.locator(".service-text", has_text="You shared News with the bot")).to_be_visible()
    assert (await town.shop("getChat", chat_id="@news")).result["title"] == "News"


@pytest.mark.parametrize("size", SIZES)
async def test_several_people_are_picked_up_to_the_limit(town: Town, size: str) -> None:
    await _ask(town, request_users={"request_id": 9, "max_quantity": 2, "user_is_bot": False})
    async with browser_of(size) as browser:
        page = await browser.new_page()
        await _picker(page, town)
        people = page.get_by_test_id("choice")
        await expect(people).to_have_count(3)
        await expect(page.get_by_test_id("share-people")).to_be_disabled()
        for index in (0, 1, 2):
            await people.nth(index).click()
        await expect(people.nth(2)).to_have_attribute("aria-checked", "false")
        await people.nth(0).click()
        await people.nth(2).click()
        await look(page, "people")
        await page.get_by_test_id("share-people").click()
        await expect(page.locator(".service-text", has_text="You shared Alice, Bob with the bot")).to_be_visible()
    assert (await town.shop.updates())[0]["message"]["users_shared"]["user_ids"] == [town.alice.id, town.bob.id]


async def _spring(town: Town) -> str:
    """Post a picture with buttons in a public channel, without a sound. Returns the link of the post."""
    news = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.client.set_member(news, 1001, "administrator", can_post_messages=True)
    row = [
        {"text": "Get the album", "url": "https://t.me/other_bot?start=p_1-s_ch1", "style": "primary"},
        {"text": "Rules", "url": "https://example.com/rules"},
    ]
    sent = await town.shop(
        "sendPhoto",
        chat_id=news,
        photo="https://example.com/a.jpg",
        caption="<b>Spring album</b>\n<blockquote expandable>1\n2\n3\n4\n5</blockquote>",
        parse_mode="HTML",
        disable_notification=True,
        reply_markup={"inline_keyboard": [row]},
    )
    for number in range(12):
        await town.shop("sendMessage", chat_id=news, text=f"Later post {number}\n\n\nwith some room")
    return f"https://t.me/news/{sent.result['message_id']}"


@pytest.mark.parametrize("size", SIZES)
async def test_a_stranger_opens_a_post_joins_and_presses_its_button(town: Town, size: str) -> None:
    url = await _spring(town)
    async with browser_of(size) as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await page.get_by_test_id(f"person-{town.bob.id}").click()
        back = page.get_by_test_id("back")
        if await back.is_visible():
            await back.click()
        await page.get_by_test_id("open-link").fill(url)
        await page.get_by_test_id("open-link-go").click()
        album = page.get_by_test_id("message").filter(has_text="Spring album")
        await expect(album).to_be_in_viewport()
        await expect(album.locator("[title='Sent without a sound']")).to_have_count(1)
        await expect(button(page, "Get the album")).to_have_class("inline-button style-primary")
        await look(page, "post")
        await page.get_by_test_id("join").click()
        await expect(page.locator(".chat-notice")).to_have_text("Only its admins post here.")
        await button(page, "Get the album").click()
        await expect(page.get_by_test_id("message").filter(has_text="/start p_1-s_ch1")).to_have_count(1)
        await look(page, "started")
    started = (await town.other.updates())[-1]["message"]
    assert (started["text"], started["from"]["id"]) == ("/start p_1-s_ch1", town.bob.id)


async def test_the_owner_sees_the_posts_too_and_a_long_quote_opens(town: Town) -> None:
    url = await _spring(town)
    async with browser_of("desk") as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await page.get_by_test_id("open-link").fill(url)
        await page.get_by_test_id("open-link-go").click()
        quote = page.locator("blockquote.expandable")
        closed = await quote.bounding_box()
        await quote.click()
        opened = await quote.bounding_box()
        assert closed is not None and opened is not None and opened["height"] > closed["height"] * 1.4
        await expect(page.get_by_test_id("composer")).to_be_visible()


async def test_commands_names_and_menu_buttons_are_those_of_the_person(town: Town) -> None:
    greta = await town.client.add_user("Greta", language_code="de")
    await greta.link("https://t.me/shop_bot")
    async with browser_of("desk") as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await open_chat(page, greta.id, "shop_bot")
        await expect(page.get_by_test_id("commands")).to_be_hidden()
        await town.shop("setMyCommands", commands=[{"command": "start", "description": "Begin"}])
        german = [{"command": "start", "description": "Beginnen"}, {"command": "ich", "description": "Mein Stand"}]
        await town.shop("setMyCommands", commands=german, language_code="de")
        await town.shop("setMyName", name="Laden", language_code="de")
        panel = {"type": "web_app", "text": "Tafel", "web_app": {"url": "https://example.com"}}
        await town.shop("setChatMenuButton", chat_id=greta.id, menu_button=panel)
        await expect(page.locator(".chat-title h1")).to_have_text("Laden")
        await expect(page.get_by_test_id("menu-button")).to_have_text("Tafel")
        await page.get_by_test_id("commands").click()
        await expect(page.get_by_role("menuitem")).to_have_text(["/startBeginnen", "/ichMein Stand"])
        await page.keyboard.press("Escape")
        await open_chat(page, town.alice.id, "shop_bot")
        await expect(page.locator(".chat-title h1")).to_have_text("Bot")
        await expect(page.get_by_test_id("menu-button")).to_be_hidden()
        await page.get_by_test_id("commands").click()
        await expect(page.get_by_role("menuitem")).to_have_text(["/startBegin"])


async def test_the_message_field_scrolls_only_when_it_is_full(town: Town) -> None:
    async with browser_of("desk") as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await open_chat(page, town.alice.id, "shop_bot")
        field = page.get_by_test_id("composer")
        for text, scrolls in (("", False), ("one\ntwo\nthree", False), ("line\n" * 12, True)):
            await field.fill(text)
            hidden = "e => [e.scrollHeight > e.clientHeight, getComputedStyle(e).overflowY]"
            assert await field.evaluate(hidden) == [scrolls, "auto" if scrolls else "hidden"], text


async def test_first_steps_are_ticked_in_their_order(town: Town) -> None:
    olive = await town.client.add_user("Olive", role="owner")
    await olive.link("https://t.me/shop_bot")
    async with browser_of("desk") as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        ticked = page.locator(".hints li.done")
        await page.get_by_test_id("skip-30m").click()
        await expect(page.locator(".clock-shift")).to_be_visible()
        await expect(ticked).to_have_count(0)
        await open_chat(page, olive.id, "shop_bot")
        await page.get_by_test_id("composer").fill("Spring album")
        await page.keyboard.press("Enter")
        await expect(ticked).to_have_count(1)
        await town.shop("sendMessage", chat_id=olive.id, text="https://t.me/shop_bot?start=p_1")
        opens = page.get_by_test_id(f"open-as-{town.alice.id}")
        await expect(opens).to_have_text("Open as Alice")
        await page.get_by_test_id("skip-30m").click()
        await opens.click()
        await expect(ticked).to_have_count(2)
        await page.get_by_test_id("skip-30m").click()
        await expect(ticked).to_have_count(3)
