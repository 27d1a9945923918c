"""The page in a real browser: the adverts and the way back, invitations, join requests, a bot's rights, dates."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from tests.sandbox.conftest import ADMIN_RIGHTS, Json, Town
from tests.sandbox.page.browser import SIZES, browser_of, button, look, open_chat

NOON_UTC = 1_763_812_800

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def inline(text: str, url: str) -> Json:
    return {"inline_keyboard": [[{"text": text, "url": url}]]}


@asynccontextmanager
async def site(back: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A page on another port with a link back to the bot; and the Referers of its visitors."""
    referers: list[str] = []

    async def show(request: web.Request) -> web.Response:
        referers.append(request.headers.get("Referer", ""))
        return web.Response(text=f'<a href="{back}">Back to the bot</a>', content_type="text/html")

    app = web.Application()
    app.router.add_get("/v/abc", show)
    async with TestServer(app) as server:
        yield str(server.make_url("/v/abc")), referers


@pytest.mark.parametrize("size", SIZES)
async def test_through_the_adverts_and_back_as_the_same_person(town: Town, size: str) -> None:
    back = f"{town.sandbox.url}/t.me/shop_bot?start=v_abc"
    async with site(back) as (destination, referers), browser_of(size) as browser:
        params = {"api": "key", "url": destination}
        async with town.session.get(f"{town.sandbox.url}/shortener/api", params=params) as response:
            short = (await response.json())["shortenedUrl"]
        await town.send("One step first", reply_markup=inline("Verify", short))
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await open_chat(page, town.alice.id, "shop_bot")
        async with browser.expect_page() as opened:
            await button(page, "Verify").click()
        tab = await opened.value
        await look(tab, "advert")
        await tab.get_by_test_id("onward").click()
        await expect(tab.get_by_test_id("onward")).to_have_text("Get link")
        await look(tab, "advert-2")
        await tab.get_by_test_id("onward").click()
        await tab.get_by_text("Back to the bot").click()
        await expect(tab.get_by_test_id("message").filter(has_text="/start v_abc")).to_have_count(1)
        assert referers == [short + "?step=2"]
        assert "open=" not in tab.url
        await expect(tab.get_by_test_id(f"person-{town.alice.id}")).to_have_attribute("aria-pressed", "true")
        await tab.reload()
        await expect(tab.get_by_test_id("message").filter(has_text="/start v_abc")).to_have_count(1)
        updates = await town.shop.updates()
        assert [update["message"]["text"] for update in updates] == ["/start v_abc"]
        assert updates[0]["message"]["from"]["id"] == town.alice.id


@pytest.mark.parametrize("size", SIZES)
async def test_asking_to_join_being_approved_and_leaving(town: Town, size: str) -> None:
    channel = await town.client.add_chat("channel", "Garden News", town.olga.id)
    await town.client.set_member(channel, 1001, "administrator", **ADMIN_RIGHTS)
    link = (await town.shop("createChatInviteLink", chat_id=channel, name="bot", creates_join_request=True)).result
    await town.send("Join first", reply_markup=inline("Garden News", link["invite_link"]))
    await town.bob.link(link["invite_link"])
    async with browser_of(size) as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await open_chat(page, town.alice.id, "shop_bot")
        await button(page, "Garden News").click()
        await expect(page.get_by_test_id("invitation-go")).to_have_text("Request to join")
        await look(page, "invitation")
        await page.get_by_test_id("invitation-go").click()
        await expect(page.get_by_test_id("toast")).to_contain_text("You asked to join")
        await open_chat(page, town.olga.id, str(channel))
        await expect(page.get_by_test_id("requests-bar")).to_have_text("2 join requests")
        await page.get_by_test_id("requests-bar").click()
        await look(page, "requests")
        await page.get_by_test_id(f"decline-{town.bob.id}").click()
        await page.get_by_test_id(f"approve-{town.alice.id}").click()
        await expect(page.get_by_test_id("requests")).to_contain_text("Nobody is waiting")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("requests-bar")).to_have_count(0)
        await open_chat(page, town.alice.id, str(channel))
        await look(page, "channel")
        await page.get_by_test_id("chat-menu").click()
        await page.get_by_test_id("leave").click()
        await expect(page.get_by_test_id(f"chat-{channel}")).to_have_count(0)
    for person in (town.alice, town.bob):
        found = (await town.shop("getChatMember", chat_id=channel, user_id=person.id)).result
        assert found["status"] == "left"


async def test_an_open_invitation_shows_where_it_leads_first(town: Town) -> None:
    link = (await town.shop("createChatInviteLink", chat_id=town.storage)).result["invite_link"]
    await town.send("Join first", reply_markup=inline("Storage", link))
    async with browser_of("desk") as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await open_chat(page, town.alice.id, "shop_bot")
        await button(page, "Storage").click()
        await page.get_by_test_id("invitation").get_by_text("Cancel").click()
        assert (await town.alice.invitation(link))["is_member"] is False
        await button(page, "Storage").click()
        await expect(page.get_by_test_id("invitation-go")).to_have_text("Join channel")
        await page.get_by_test_id("invitation-go").click()
        await expect(page.locator(".chat-title h1")).to_have_text("Storage")
        assert (await town.alice.invitation(link))["is_member"] is True


@pytest.mark.parametrize("size", SIZES)
async def test_the_owner_takes_a_bots_rights_away(town: Town, size: str) -> None:
    await town.bob.link("https://t.me/shop_bot")
    await town.shop.updates()
    async with browser_of(size) as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await open_chat(page, town.olga.id, str(town.storage))
        await page.get_by_test_id("chat-menu").click()
        await page.get_by_test_id("members").click()
        await look(page, "members")
        await page.get_by_test_id("demote-1001").click()
        await expect(page.get_by_test_id("make-admin-1001")).to_be_visible()
        reply = await town.shop("getChatMember", chat_id=town.storage, user_id=town.bob.id)
        assert reply.error == "Bad Request: member list is inaccessible"
        await page.get_by_test_id("make-admin-1001").click()
        await expect(page.get_by_test_id("demote-1001")).to_be_visible()
        await page.get_by_test_id("remove-1001").click()
        await expect(page.get_by_test_id("remove-1001")).to_have_count(0)
    changes = [update["my_chat_member"]["new_chat_member"]["status"] for update in await town.shop.updates()]
    assert changes == ["member", "administrator", "kicked"]


async def test_dates_are_shown_in_the_browsers_time_zone(town: Town) -> None:
    def moment(form: str, text: str, unix: int = NOON_UTC) -> str:
        return f'<tg-time unix="{unix}" format="{form}">{text}</tg-time>'

    soon = town.sandbox.world.now() + 30 * 60 + 20
    lines = [moment("t", "12:00 UTC"), moment("wDT", "noon"), moment("d", "that day"), moment("", "as it is")]
    await town.send("\n".join([*lines, moment("r", "in a while", soon)]), parse_mode="HTML")
    async with browser_of("desk") as browser:
        page = await browser.new_page()
        await page.goto(town.sandbox.url)
        await open_chat(page, town.alice.id, "shop_bot")
        times = page.locator("time.tg-time")
        full = re.compile("Saturday,? 22 November 2025 at 07:00:00")
        expected = [re.compile("^07:00$"), full, re.compile("^22/11/25$"), re.compile("^as it is$")]
        expected.append(re.compile("^in 30 minutes$"))
        await expect(times).to_have_text(expected)
        assert (await times.first.get_attribute("title") or "").startswith("12:00 UTC\nSaturday")
        await look(page, "moments")
        await page.get_by_test_id("skip-1m").click()
        await expect(times.last).to_have_text("in 29 minutes")
