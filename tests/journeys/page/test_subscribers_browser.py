"""Subscribers on the admin page, in a real browser: found, looked at, given to, many at once, undone."""

import pytest
from playwright.async_api import Page, expect

from core.clock import ManualClock
from core.users import Visitor
from database import bot_profiles
from database.operations import user_ops
from tests.journeys.admin_scene import Scene, admin_scene
from tests.journeys.admin_visits import is_in, page_at
from tests.journeys.browser import look
from tests.web.auth.signing import MANAGER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
#: typed by strangers: markup, right-to-left of the greatest length, nothing visible
NAMES = ('<img src=x onerror="document.title=1">', "א" * 64, "\u200b\u202e", "Alice")


async def meet(clock: ManualClock) -> None:
    for at, name in enumerate(NAMES):
        visitor = Visitor(user_id=501_000 + at, first_name=name, username="alice_s" if name == "Alice" else None)
        await user_ops.upsert_visitor(visitor, clock.now())


async def credits_of(user_id: int) -> int:
    user = await user_ops.find(user_id)
    assert user is not None
    return user.credits


async def come(page: Page, scene: Scene) -> None:
    await page.goto(await scene.link(MANAGER))
    await is_in(page)
    await expect(page.get_by_role("heading", name="Subscribers")).to_be_visible()


async def test_one_is_found_given_credits_and_the_change_is_undone() -> None:
    async with admin_scene() as scene, page_at("phone", scene, "dark") as page:
        await meet(scene.clock)
        await come(page, scene)
        await expect(page.locator("tr[data-id]")).to_have_count(50)
        assert await page.title() == "Subscribers · Tollgate"
        await look(page, "subscribers")
        await page.get_by_role("searchbox").fill("alice")
        await page.keyboard.press("Enter")
        await expect(page.locator("tr[data-id]")).to_have_count(1)
        await page.get_by_role("link", name="Alice").click()
        await expect(page.get_by_role("heading", name="Alice")).to_be_focused()
        await look(page, "subscriber")
        await page.get_by_role("button", name="Give credits").click()
        asked = page.get_by_role("dialog", name="Give credits")
        await asked.get_by_role("textbox").fill("lots")
        await page.keyboard.press("Enter")
        await expect(asked.get_by_role("alert")).to_contain_text("A whole number of credits")
        await asked.get_by_role("textbox").fill("25")
        await look(page, "subscriber-give")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("1 subscriber was changed.")).to_be_visible()
        await expect(page.get_by_text("25 credits given")).to_be_visible()
        assert await credits_of(501_003) == 25
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("It is as it was before.")).to_be_visible()
        assert await credits_of(501_003) == 0
        await page.get_by_role("link", name="All subscribers").click()
        await expect(page.get_by_role("searchbox")).to_have_value("alice")


async def test_everyone_of_a_list_is_counted_confirmed_and_changed_in_batches() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await meet(scene.clock)
        await bot_profiles.remember_usernames("shop_bot", "desk_bot")
        await come(page, scene)
        await page.get_by_label("Show").select_option("new")
        await expect(page.locator("tr[data-id]")).to_have_count(len(NAMES))
        for at in range(len(NAMES)):
            await page.locator("tr[data-id] input[type=checkbox]").nth(at).check()
        await expect(page.get_by_text(f"{len(NAMES)} chosen")).to_be_visible()
        await look(page, "subscribers-chosen")
        await page.get_by_role("button", name="Choose everyone in this list").click()
        await expect(page.get_by_text(f"All {len(NAMES)} in this list are chosen")).to_be_visible()
        await page.get_by_role("button", name="Ban").click()
        asked = page.get_by_role("dialog", name="Ban")
        await asked.get_by_label("For how long?").select_option("0")
        await asked.get_by_label("Why?").fill("sold my posts")
        await asked.get_by_role("button", name="Ban").click()
        await (
            page.get_by_role("dialog", name=f"Ban {len(NAMES)} subscribers?").get_by_role("button", name="Ban").click()
        )
        await expect(page.get_by_text(f"{len(NAMES)} subscribers were changed.")).to_be_visible()
        await look(page, "subscribers-banned")
        banned = await user_ops.find(501_003)
        assert banned is not None
        assert (banned.is_banned, banned.ban_reason) == (True, "sold my posts")
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("It is as it was before.")).to_be_visible()
        await page.get_by_role("button", name="Gift link").click()
        await page.get_by_role("button", name="Make the link").click()
        link = page.get_by_role("textbox", name="Gift link")
        await expect(link).to_have_value("https://t.me/shop_bot?start=g_" + (await link.input_value())[-16:])
        await look(page, "subscribers-gift")
