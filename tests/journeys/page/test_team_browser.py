"""The team and its activity on the admin page, in a real browser, in Russian and English."""

import pytest
from playwright.async_api import expect

from core.team.admins import Role
from database import bot_profiles
from database.operations import audit_ops
from database.operations.team import notice_ops
from database.operations.team.notice_ops import RoleNotice, SignInNotice
from tests.journeys.admin_scene import admin_scene
from tests.journeys.admin_visits import is_in, page_at
from tests.journeys.browser import SIZES, look
from tests.web.auth.signing import EDITOR, MANAGER, add_admin

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def test_an_owner_changes_a_role_invites_and_reads_the_activity() -> None:
    async with admin_scene() as scene, page_at("desk", scene) as page:
        await bot_profiles.remember_usernames("shop_bot", "desk_bot")
        await add_admin(scene.db, EDITOR, Role.EDITOR)
        await audit_ops.record(scene.clock.now(), MANAGER, "person.banned", '<img src=x onerror="document.title=1">')
        await page.goto(await scene.link())
        await is_in(page)
        await page.get_by_role("link", name="Team").click()
        await expect(page.get_by_role("heading", name="Team")).to_be_focused()
        await expect(page.locator("tr[data-id]")).to_have_count(3)
        await look(page, "team")
        await page.get_by_role("button", name=f"Change the role of {EDITOR}").click()
        asked = page.get_by_role("dialog", name=f"Change the role of {EDITOR}")
        await asked.get_by_label("Which role?").select_option("manager")
        # meanwhile the other owner has removed them
        await scene.db.collection("admins").delete_one({"user_id": EDITOR})
        await asked.get_by_role("button", name="Save").click()
        await expect(page.locator("#said")).to_contain_text("not in the team any more")
        await expect(page.locator("tr[data-id]")).to_have_count(2)
        await page.get_by_role("button", name=f"Remove {MANAGER}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(page.locator("tr[data-id]")).to_have_count(1)
        # that the owner signed in was to be told before
        assert isinstance(await notice_ops.take(), SignInNotice)
        told = await notice_ops.take()
        assert isinstance(told, RoleNotice)
        assert (told.user_id, told.role) == (MANAGER, None)
        await page.get_by_role("button", name="Invite somebody").click()
        await page.get_by_role("button", name="Make the link").click()
        link = page.get_by_role("textbox", name="Invite somebody")
        assert (await link.input_value()).startswith("https://t.me/desk_bot?start=j_")
        await page.get_by_role("button", name="Close").click()
        await expect(page.get_by_role("heading", name="Open invitations")).to_be_visible()
        async with page.expect_download() as download:
            await page.get_by_role("button", name="As CSV").click()
        assert (await download.value).suggested_filename == "activity.csv"
        await page.get_by_label("Kind").select_option("person")
        await expect(page.locator(".log tbody tr")).to_have_count(1)
        await page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
        await look(page, "team-phone")


async def test_a_member_who_reads_russian_reads_the_page_in_russian() -> None:
    async with admin_scene() as scene, page_at("phone", scene, "dark") as page:
        await scene.db.collection("admins").update_one({"user_id": MANAGER}, {"$set": {"language": "ru"}})
        await page.goto(await scene.link(MANAGER))
        await is_in(page)
        await expect(page.get_by_role("heading", name="Подписчики")).to_be_visible()
        assert await page.evaluate("document.documentElement.lang") == "ru"
        # an owner's part is not there, and its address leads to the first that is
        await expect(page.get_by_role("link", name="Команда")).to_have_count(0)
        await page.evaluate("location.hash = '#team'")
        await expect(page.get_by_role("heading", name="Подписчики")).to_be_visible()
        await look(page, "subscribers-russian")
